"""One job from its first event to its last."""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from nats.aio.client import Client

from contracts.board import Board
from contracts.evaluation import FailureCause
from runtime.logs import about
from runtime.service import cancel_until_done
from services.evaluator.checkpoints import Checkpoints
from services.evaluator.child import log_tail, try_device
from services.evaluator.evaluation import OUTPUT, Evaluation, Station
from services.evaluator.failures import (
    EvaluationFault,
    Failure,
    Superseded,
    blame_infrastructure,
)
from services.evaluator.gate import Gate
from services.evaluator.interrupts import any_of, meanwhile
from services.evaluator.jobs import Job, JobQueues
from services.evaluator.record import RunRecord

log = structlog.get_logger(__name__)

_RETRY_DELAYS_S = (10, 60)
_HAND_OVER_DELAY_S = 1.0
_LAST_CALL_S = 18.0
"""After this even a job that cannot be handed back, because NATS is away, is left."""


_LOOK_AT_DEVICE_S = 60.0
_DEVICE_ANSWERS_IN_S = 120.0


@dataclass(frozen=True)
class Outcome:
    """Of one attempt."""

    retry_in_s: float | None = None
    """Seconds until the next; None when the run has ended, one way or the other."""
    is_ours: bool = False
    """It failed, and the model is not to blame."""


async def work(evaluators: Sequence["Evaluator"], gate: Gate, stop: asyncio.Event) -> None:
    """Take one job at a time on each device until `stop` is set. A fault on one of them, which
    raises, lets the others hand back what they have."""
    stopping = asyncio.create_task(stop.wait())
    working = [asyncio.create_task(evaluator.work(gate, stop)) for evaluator in evaluators]
    await asyncio.wait({stopping, *working}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait(working, timeout=_LAST_CALL_S)
    await cancel_until_done(working)
    for each in working:
        if not each.cancelled():
            each.result()


@dataclass(frozen=True)
class Evaluator:
    """Takes jobs for one device."""

    client: Client
    boards: Mapping[str, Board]
    station: Station

    async def work(self, gate: Gate, stop: asyncio.Event) -> None:
        """Returns once `stop` is set and the job in hand has been handed back."""
        queues = JobQueues(self.client, gate)
        while job := await queues.next_job(stop):
            leave = asyncio.Event()
            async with meanwhile(call_off(job, gate, stop, leave)):
                outcome = await self.handle(job, leave)
            if outcome.is_ours:
                await self._until_device_works(stop)

    async def _until_device_works(self, stop: asyncio.Event) -> None:
        """A GPU that is lost fails jobs faster than others can take them: it would go through a
        whole queue, and through the deliveries of every job."""
        while not stop.is_set() and (fault := await self._fault_of_device()):
            log.error("no job is taken until the device works", device=fault)
            await any_of(stop.wait(), timeout_s=_LOOK_AT_DEVICE_S)

    async def _fault_of_device(self) -> str:
        """Empty for a device that works."""
        device = self.station.machine.torch_device
        with TemporaryDirectory() as folder:
            try:
                async with (
                    asyncio.timeout(_DEVICE_ANSWERS_IN_S),
                    self.station.children.start(try_device, device, Path(folder, OUTPUT)) as child,
                ):
                    async for message in child.messages():
                        if isinstance(message, Failure):
                            return message.reason.message
            except (EvaluationFault, TimeoutError) as fault:
                return str(fault) or f"{device} gives no answer"
        return ""

    async def handle(self, job: Job, leave: asyncio.Event) -> Outcome:
        """Evaluate and settle one job. Once `leave` is set, what is left of it goes back."""
        accepted = job.accepted
        record = RunRecord(self.client, self.client.jetstream(), job)
        checkpoints = Checkpoints(record.js, accepted, job.attempt)
        with (
            about(sid=accepted.sid, run=accepted.run, attempt=job.attempt),
            self.station.desk.working_on(accepted, job.attempt),
        ):
            try:
                async with job.kept():
                    outcome = await self._attempt(record, checkpoints, leave)
            except Superseded:
                log.warning("another attempt has begun or has finished the run; this one ends")
                outcome = Outcome()
                if not await record.is_finished():
                    return outcome
            if outcome.retry_in_s is None:
                await checkpoints.drop()
                await job.done()
            else:
                await job.give_back(outcome.retry_in_s)
        return outcome

    async def _attempt(
        self, record: RunRecord, checkpoints: Checkpoints, leave: asyncio.Event
    ) -> Outcome:
        if await record.is_over():
            log.info("nothing is left to do")
            return Outcome()
        began = time.monotonic()
        with TemporaryDirectory(prefix="job-") as folder:
            try:
                scored = await self._evaluate(record, checkpoints, Path(folder), leave)
            except EvaluationFault as fault:
                failure, tail = fault.failure, log_tail(Path(folder, OUTPUT))
            else:
                await record.finished(time.monotonic() - began)
                log.info("evaluation finished", scored=scored, seconds=time.monotonic() - began)
                return Outcome()
        job, reason = record.job, failure.reason
        log.warning("evaluation failed", code=reason.code, why=reason.message, cause=failure.cause)
        is_ours = failure.cause is FailureCause.INFRASTRUCTURE
        if not is_ours or job.is_last_attempt:
            await record.failed(failure, tail)
            return Outcome(is_ours=is_ours)
        if leave.is_set():
            return Outcome(_HAND_OVER_DELAY_S, is_ours)
        return Outcome(_RETRY_DELAYS_S[min(job.attempt, len(_RETRY_DELAYS_S)) - 1], is_ours)

    async def _evaluate(
        self, record: RunRecord, checkpoints: Checkpoints, folder: Path, leave: asyncio.Event
    ) -> int:
        """How many tasks were scored."""
        name = record.job.accepted.board
        board = self.boards.get(name)
        if board is None:
            raise blame_infrastructure(
                "board-unknown",
                f"This evaluator has no definition of the board {name!r}.",
                "Ask the operators to give every service the same boards.",
            )
        return await Evaluation(self.station, record, checkpoints, board, folder).run(leave)


async def call_off(job: Job, gate: Gate, stop: asyncio.Event, leave: asyncio.Event) -> None:
    """Sets `leave` when the evaluator is told to stop, or an operator wants its jobs handed back.
    A job that nobody would get again is left for a stop only."""
    reasons: list[Coroutine[Any, Any, object]] = [stop.wait()]
    if not job.is_last_attempt:
        reasons.append(gate.until_recalled(job.accepted.tier))
    await any_of(*reasons)
    leave.set()
