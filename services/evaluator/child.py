"""The border to the process that runs a model: started warm, listened to, killed when in doubt."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from services.evaluator.failures import EvaluationFault, blame_infrastructure
from services.evaluator.protocol import Assignment, HarnessOptions, Message

_TAIL_LINES = 40
_TAIL_BYTES = 8192

Send = Callable[[Message], None]


class WarmChildren:
    """Processes forked from a server that has imported torch and lm-eval already."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["services.evaluator.preload"])

    async def run(
        self, target: Callable[[Any, Send], None], argument: Any, log: Path
    ) -> AsyncGenerator[Message, None]:
        """What the child sends, until it ends. Close the generator to kill the child; a child that
        died otherwise than by returning raises EvaluationFault; what it printed is in `log`."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_enter, args=(target, argument, theirs, log))
        # The first start waits for the server's imports; a child without a parent ends itself.
        starting = asyncio.ensure_future(asyncio.to_thread(process.start))
        try:
            await asyncio.shield(starting)
            theirs.close()
            while (message := await asyncio.to_thread(_receive, ours)) is not None:
                yield message
            await asyncio.to_thread(process.join)
            if process.exitcode != 0:
                raise _died(process.exitcode)
        finally:
            await starting
            process.kill()
            await asyncio.to_thread(process.join)
            process.close()
            theirs.close()
            ours.close()


def describe_machine(options: HarnessOptions, send: Send) -> None:
    """To be run in a child: one Machine message."""
    from services.evaluator import harness

    send(harness.machine(options))


def score(assignment: Assignment, send: Send) -> None:
    """To be run in a child: Step and TaskScores messages, or one that says why there are none."""
    from services.evaluator import harness

    harness.score(assignment, send, stopping=lambda: False)


def log_tail(log: Path) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").rstrip().split("\n")[-_TAIL_LINES:]
    # A progress bar overwrites itself; only its last state counts.
    return "\n".join(line.rpartition("\r")[2] for line in lines)


def _receive(connection: Connection) -> Message | None:
    try:
        message: Message = connection.recv()
    except (EOFError, OSError):  # OSError: the child died in the middle of a message
        return None
    return message


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


def _enter(
    target: Callable[[Any, Send], None], argument: Any, connection: Connection, log: Path
) -> None:
    # Ctrl-C reaches the whole terminal; the service decides when its child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        target(argument, connection.send)
    except EvaluationFault as fault:
        connection.send(fault.failure)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
