import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WORK = """
import tempfile
from multiprocessing.util import get_temp_dir
from services.evaluator.workspace import make_workspace

folder = make_workspace()
tempfile.tempdir = str(folder)
get_temp_dir()
(folder / "samples").write_text("x")
print(folder, flush=True)
input()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder of the processes that a test starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@contextmanager
def evaluator() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process with a workspace, ended in order."""
    with subprocess.Popen(
        [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        line = next(line for line in process.stdout if line.startswith("/"))  # no log line
        yield process, Path(line.strip())
        process.communicate("\n")


def test_nothing_is_left_after_an_end_in_order(temporary: Path) -> None:
    with evaluator() as (process, folder):
        assert list(temporary.iterdir()) == [folder]

    assert process.returncode == 0
    assert not list(temporary.iterdir())


def test_what_a_killed_evaluator_left_is_removed_by_the_next(temporary: Path) -> None:
    with evaluator() as (process, left):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert left.exists()

    with evaluator() as (_, folder):
        assert list(temporary.iterdir()) == [folder]


@pytest.mark.usefixtures("temporary")
def test_what_a_running_evaluator_has_stays() -> None:
    with evaluator() as (_, one), evaluator() as (_, other):
        assert one != other
        assert (one / "samples").exists()


def test_what_is_no_evaluators_stays(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (temporary / "podium-eval-link").symlink_to(elsewhere)
    (temporary / "podium-demo").mkdir()

    with evaluator():
        pass

    assert elsewhere.exists()
    assert (temporary / "podium-demo").exists()
