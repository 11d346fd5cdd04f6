"""Child processes of a one-machine Podium: started, restarted when they die, ended in order."""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
_RESTART_DELAYS_S = (0.5, 1, 2, 5, 10)
_STABLE_AFTER_S = 60.0


def die_with_parent() -> None:
    """For `preexec_fn`: SIGTERM when the parent ends, however it ends. Linux only; elsewhere a
    parent that is killed with -9 leaves its children running."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(frozen=True)
class ChildProcess:
    """How to start one process and how long it may take to end."""

    name: str
    command: Sequence[str | Path]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of the parent."""
    patience_s: float = 30
    """Seconds between SIGTERM and SIGKILL."""


class Supervisor:
    """Keeps children running. What dies is started again after a growing delay."""

    def __init__(self) -> None:
        self._children: list[_Kept] = []
        self._stopping = False

    async def start(self, child: ChildProcess) -> None:
        kept = _Kept(child, await _spawn(child))
        kept.watch = asyncio.create_task(self._keep_running(kept))
        self._children.append(kept)

    def pid(self, name: str) -> int:
        """Process id of the child of that name. Raises KeyError when there is none."""
        for kept in self._children:
            if kept.child.name == name:
                return kept.process.pid
        raise KeyError(name)

    async def stop(self) -> None:
        """End the children, the last started first, so that each still has what it needs."""
        self._stopping = True
        while self._children:
            kept = self._children.pop()
            if kept.watch:
                kept.watch.cancel()
            await _end(kept.child, kept.process)

    async def _keep_running(self, kept: "_Kept") -> None:
        restarts = 0
        while True:
            started = time.monotonic()
            status = await kept.process.wait()
            if self._stopping:
                return
            if time.monotonic() - started > _STABLE_AFTER_S:
                restarts = 0
            delay_s = _RESTART_DELAYS_S[min(restarts, len(_RESTART_DELAYS_S) - 1)]
            restarts += 1
            log.warning(
                "a process ended and is started again",
                process=kept.child.name,
                status=status,
                restart_in_s=delay_s,
                log_file=str(kept.child.log_file),
            )
            await asyncio.sleep(delay_s)
            kept.process = await _spawn_in_the_end(kept.child)


@dataclass
class _Kept:
    child: ChildProcess
    process: asyncio.subprocess.Process
    watch: asyncio.Task[None] | None = None


async def _spawn(child: ChildProcess) -> asyncio.subprocess.Process:
    child.log_file.parent.mkdir(parents=True, exist_ok=True)
    with child.log_file.open("ab") as log_file:
        return await asyncio.create_subprocess_exec(
            *map(str, child.command),
            env=dict(os.environ) | dict(child.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log_file,
            stderr=asyncio.subprocess.STDOUT,
            # A session of its own: Ctrl-C in the terminal reaches only the supervisor, which then
            # ends everybody in order.
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


async def _spawn_in_the_end(child: ChildProcess) -> asyncio.subprocess.Process:
    """Also once a machine that is out of memory, processes or disk has some again."""
    for delay_s in chain(_RESTART_DELAYS_S, repeat(_RESTART_DELAYS_S[-1])):
        try:
            return await _spawn(child)
        except OSError as fault:
            log.warning(
                "a process could not be started; trying again",
                process=child.name,
                error=str(fault),
                again_in_s=delay_s,
            )
            await asyncio.sleep(delay_s)
    raise AssertionError("the delays never end")


async def _end(child: ChildProcess, process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(child.patience_s):
                await process.wait()
        except TimeoutError:
            log.warning("a process did not end in time and is killed", process=child.name)
    # Its session may hold grandchildren, such as the evaluator's fork server.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
