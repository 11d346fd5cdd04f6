"""The border to the process that runs a model: started warm, listened to, killed when in doubt."""

import asyncio
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from services.evaluator.failures import EvaluationFault, blame_infrastructure
from services.evaluator.messages import open_written, read_message
from services.evaluator.protocol import Assignment, HarnessOptions, Message
from services.evaluator.sandbox import confine

_TAIL_LINES = 40
_TAIL_BYTES = 8192

Send = Callable[[Message], None]
IsStopping = Callable[[], bool]
Target = Callable[[Any, Send, IsStopping], None]
"""What a child does with its argument; it is asked to stop by what the last parameter says."""


class Child:
    """A process that runs a model."""

    def __init__(self, process: ForkServerProcess, connection: Connection, turns: threading.Lock):
        self._process = process
        self._connection = connection
        self._turns = turns

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    async def messages(self) -> AsyncIterator[Message]:
        """What it sends, until it ends. Raises EvaluationFault for a child that died otherwise than
        by returning."""
        while (message := await asyncio.to_thread(_receive, self._connection)) is not None:
            yield message
        await asyncio.to_thread(self.join)
        if self._process.exitcode != 0:
            raise _died(self._process.exitcode)

    def ask_to_stop(self) -> None:
        """Only a child that is at its work hears it; one that is still starting would be killed."""
        self._process.terminate()

    def kill(self) -> None:
        """With whatever processes it has started."""
        with suppress(ProcessLookupError):  # not yet the leader of a group, or gone
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()

    def join(self) -> None:
        # Starting a process looks after all others, and two who ask for an exit code get one.
        with self._turns:
            self._process.join()

    def close(self) -> None:
        self._process.close()
        self._connection.close()


class WarmChildren:
    """Processes forked from a server that has imported torch and lm-eval already."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["services.evaluator.preload"])
        self._turns = threading.Lock()

    @asynccontextmanager
    async def start(self, target: Target, argument: Any, log: Path) -> AsyncIterator[Child]:
        """A child that does this, killed at the end of the block if it still lives. What it prints
        is in `log`. Raises EvaluationFault when there is no process to be had."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_enter, args=(target, argument, theirs, log))
        child = Child(process, ours, self._turns)
        # The first start waits for the server's imports.
        starting = asyncio.create_task(asyncio.to_thread(self._start, process))
        try:
            try:
                await asyncio.shield(starting)
            except (OSError, EOFError) as fault:
                raise blame_infrastructure(
                    "evaluation-did-not-start", f"No process could be started: {fault!r}"
                ) from fault
            theirs.close()
            yield child
        finally:
            # Whoever cancels a second time must not leave a child behind.
            await asyncio.shield(asyncio.create_task(_end(child, starting, theirs)))

    def _start(self, process: ForkServerProcess) -> None:
        with self._turns:
            process.start()


async def _end(child: Child, starting: "asyncio.Task[None]", theirs: Connection) -> None:
    await asyncio.wait({starting})
    theirs.close()
    if starting.exception() is None:
        child.kill()
        await asyncio.to_thread(child.join)
    child.close()


def describe_machines(
    wanted: tuple[HarnessOptions, tuple[str, ...]], send: Send, stopping: IsStopping
) -> None:
    """To be run in a child: a Machine message for each device that the settings name."""
    from services.evaluator import devices, harness

    options, names = wanted
    for device in devices.expanded(names):
        machine = harness.machine(replace(options, device=device))
        send(replace(machine, confinement=confine()))


def score(assignment: Assignment, send: Send, stopping: IsStopping) -> None:
    """To be run in a child: Step, Slice and TaskScores messages, or one that says why there are
    none."""
    from services.evaluator import harness

    harness.score(assignment, send, stopping)


def try_device(device: str, send: Send, stopping: IsStopping) -> None:
    """To be run in a child: a failure where nothing can be computed on that device."""
    from services.evaluator import devices

    devices.check_works(device)


def log_tail(log: Path) -> str:
    try:
        with open_written(log) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").rstrip().split("\n")[-_TAIL_LINES:]
    except OSError:  # nothing was printed, or the child has put something else there
        return ""
    # A progress bar overwrites itself; only its last state counts.
    return "\n".join(line.rpartition("\r")[2] for line in lines)


def _receive(connection: Connection) -> Message | None:
    try:
        return read_message(connection.recv_bytes())
    except (EOFError, OSError):  # OSError: the child died in the middle of a message
        return None
    except pickle.UnpicklingError as fault:
        raise blame_infrastructure(
            "evaluation-broke-off", f"The process that ran the model sent no message: {fault}"
        ) from fault


def _died(exit_code: int | None) -> EvaluationFault:
    if exit_code == -signal.SIGKILL:
        return blame_infrastructure(
            "evaluation-killed",
            "The process that ran the model was killed, most likely because memory ran out.",
            "Submit it at a precision with fewer bits, or ask the operators for more memory.",
        )
    if exit_code is not None and exit_code < 0:
        return blame_infrastructure(
            "evaluation-crashed",
            f"The process that ran the model ended with {signal.Signals(-exit_code).name}.",
        )
    return blame_infrastructure(
        "evaluation-broke-off",
        f"The process that ran the model ended with status {exit_code}; its last lines say why.",
    )


# ── in the child ─────────────────────────────────────────────────────────────────────────────────


def _enter(target: Target, argument: Any, connection: Connection, log: Path) -> None:
    # A group of its own, which ends as one; what the terminal's Ctrl-C reaches is another group.
    os.setpgid(0, 0)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    confine()  # which the fork server has done, unless its own imports failed
    try:
        target(argument, connection.send, stop.is_set)
    except EvaluationFault as fault:
        connection.send(fault.failure)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.killpg(0, signal.SIGKILL)
