"""A localhub as a child process, for as long as a `with` block lasts."""

import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


@contextmanager
def running_localhub(root: Path) -> Iterator[str]:
    """Serves `root` on a free port of the loopback interface and yields the URL, once it answers.

    Raises RuntimeError with the server's own words when it ends instead.
    """
    with tempfile.TemporaryDirectory(prefix="localhub-") as scratch:
        port_file, log = Path(scratch, "port"), Path(scratch, "log")
        with log.open("wb") as log_file:
            server = subprocess.Popen(
                [sys.executable, "-m", "localhub", str(root), "--port-file", str(port_file)],
                stdout=log_file,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"http://127.0.0.1:{_port(server, port_file, log)}"
            with urllib.request.urlopen(f"{url}/livez", timeout=START_TIMEOUT_S):
                yield url
        finally:
            server.terminate()
            try:
                server.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _port(server: "subprocess.Popen[bytes]", port_file: Path, log: Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not port_file.exists():
        with suppress(subprocess.TimeoutExpired):
            status = server.wait(timeout=0.02)
            raise RuntimeError(f"localhub ended with status {status}:\n{log.read_text()}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"localhub has no port after {START_TIMEOUT_S:.0f} s")
    return int(port_file.read_text())
