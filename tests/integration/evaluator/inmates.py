"""What a child tries while a test looks on. What it found out comes back as a message."""

import os
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from huggingface_hub import get_token

from services.evaluator.child import IsStopping, Send
from services.evaluator.protocol import DataSetsMissing


def call(port: int, send: Send, stopping: IsStopping) -> None:
    send(_outcome(lambda: str(socket.create_connection(("127.0.0.1", port), timeout=5))))


def make_socket(family: int, send: Send, stopping: IsStopping) -> None:
    send(_outcome(lambda: str(socket.socket(family, socket.SOCK_DGRAM))))


def read_file(path: str, send: Send, stopping: IsStopping) -> None:
    send(_outcome(lambda: Path(path).read_text()))


def read_token(_: object, send: Send, stopping: IsStopping) -> None:
    send(DataSetsMissing(str(get_token())))


def signal_process(pid: int, send: Send, stopping: IsStopping) -> None:
    def attempt() -> str:
        os.kill(pid, 0)
        return "signalled"

    send(_outcome(attempt))


def tell_limits(_: object, send: Send, stopping: IsStopping) -> None:
    cores = resource.getrlimit(resource.RLIMIT_CORE)
    status = Path("/proc/self/status").read_text().split()
    send(DataSetsMissing(f"{cores} {status[status.index('NoNewPrivs:') + 1]}"))


def move_a_file(_: object, send: Send, stopping: IsStopping) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        Path(one, "file").touch()
        send(_outcome(lambda: str(Path(one, "file").rename(Path(other, "file")).exists())))


def start_another(_: object, send: Send, stopping: IsStopping) -> None:
    """And stay."""
    send(DataSetsMissing(str(subprocess.Popen(["sleep", "1000"]).pid)))
    time.sleep(1000)


def hold_memory(size: int, send: Send, stopping: IsStopping) -> None:
    """And stay."""
    held = b"x" * size
    send(DataSetsMissing(str(len(held))))
    time.sleep(1000)


def wait_for_the_order(_: object, send: Send, stopping: IsStopping) -> None:
    send(DataSetsMissing("ready"))
    while not stopping():
        time.sleep(0.01)
    send(DataSetsMissing("stopped"))


def leave_with(status: int, send: Send, stopping: IsStopping) -> None:
    os._exit(status)


def _outcome(attempt: Callable[[], str]) -> DataSetsMissing:
    try:
        return DataSetsMissing(attempt())
    except OSError as fault:
        return DataSetsMissing(type(fault).__name__)
