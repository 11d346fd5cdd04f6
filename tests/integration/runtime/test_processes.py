import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from runtime.processes import ChildProcess, Supervisor
from tests.waiting import until

# Says its pid, then ends when told to.
_CHILD = "import os, signal; print(os.getpid(), flush=True); signal.pause()"


async def lines_of(log_file: Path, count: int) -> list[str]:
    def lines() -> list[str]:
        found = log_file.read_text().splitlines() if log_file.exists() else []
        return found if len(found) >= count else []

    return await until(lines)


async def test_a_child_that_dies_is_started_again_until_the_supervisor_stops(
    tmp_path: Path,
) -> None:
    child = ChildProcess("echo", [sys.executable, "-c", _CHILD], tmp_path / "echo.log")
    supervisor = Supervisor()
    await supervisor.start(child)
    [first] = await lines_of(child.log_file, 1)

    os.kill(supervisor.pid("echo"), signal.SIGKILL)
    _, second = await lines_of(child.log_file, 2)
    await supervisor.stop()

    assert first != second
    with pytest.raises(ProcessLookupError):
        os.kill(int(second), 0)


async def test_a_child_that_cannot_be_started_again_is_once_it_can(tmp_path: Path) -> None:
    child = ChildProcess("echo", [sys.executable, "-c", _CHILD], tmp_path / "logs" / "echo.log")
    supervisor = Supervisor()
    await supervisor.start(child)
    [first] = await lines_of(child.log_file, 1)

    child.log_file.parent.rename(tmp_path / "away")
    child.log_file.parent.write_text("in the way of a log file")
    with capture_logs() as logs:
        os.kill(supervisor.pid("echo"), signal.SIGKILL)
        await until(lambda: any("could not be started" in line["event"] for line in logs))
    child.log_file.parent.unlink()
    [second] = await lines_of(child.log_file, 1)
    await supervisor.stop()

    assert first != second


async def test_children_end_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    log_file = tmp_path / "child.log"
    program = f"""
import asyncio
from pathlib import Path
from runtime.processes import ChildProcess, Supervisor
from tests.waiting import until

async def main():
    supervisor = Supervisor()
    command = {[sys.executable, "-c", _CHILD]}
    await supervisor.start(ChildProcess("child", command, Path({str(log_file)!r})))
    await asyncio.Event().wait()

asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", program])
    [child] = await lines_of(log_file, 1)

    parent.kill()
    parent.wait()

    await until(lambda: not Path(f"/proc/{child}/status").exists())
