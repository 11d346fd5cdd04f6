"""One job from its first event to its last."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from nats.aio.client import Client

from contracts.board import Board, BoardTask
from contracts.evaluation import FailureCause
from contracts.models import ModelRef
from runtime.logs import about
from services.evaluator.child import WarmChildren, log_tail, score
from services.evaluator.data_sets import fetch_data_sets
from services.evaluator.failures import (
    EvaluationFault,
    Failure,
    blame_infrastructure,
    blame_model,
    cancelled,
)
from services.evaluator.hub import fetch_snapshot
from services.evaluator.interrupts import Deadline, unless
from services.evaluator.jobs import Job
from services.evaluator.protocol import (
    Assignment,
    DataSetsMissing,
    Machine,
    Phase,
    Snapshot,
    Step,
    TaskScores,
)
from services.evaluator.record import RunRecord
from services.evaluator.settings import EvaluatorSettings

log = structlog.get_logger(__name__)

_RETRY_DELAYS_S = (10, 60)
_HAND_OVER_DELAY_S = 1.0
_LOOK_FOR_CANCELLATION_S = 2.0


@dataclass(frozen=True)
class Evaluator:
    """Everything an evaluation needs but the job."""

    client: Client
    settings: EvaluatorSettings
    boards: Mapping[str, Board]
    children: WarmChildren
    machine: Machine

    async def handle(self, job: Job, stop: asyncio.Event) -> None:
        """Evaluate and settle one job. What is left of it when `stop` is set goes back at once."""
        accepted = job.accepted
        record = RunRecord(self.client, self.client.jetstream(), job)
        retry_in_s = None
        with about(sid=accepted.sid, run=accepted.run, attempt=job.attempt):
            async with job.kept():
                if await record.is_over():
                    log.info("nothing is left to do")
                else:
                    retry_in_s = await self._attempt(record, stop)
            if retry_in_s is None:
                await job.done()
            else:
                await job.give_back(retry_in_s)

    async def _attempt(self, record: RunRecord, stop: asyncio.Event) -> float | None:
        """Seconds until the next attempt; None when the run has ended, one way or the other."""
        with TemporaryDirectory(prefix="podium-evaluation-") as folder:
            output = Path(folder, "output.log")
            try:
                await self._evaluate(record, Path(folder), output, stop)
            except EvaluationFault as fault:
                failure, tail = fault.failure, log_tail(output)
            else:
                return None
        job, reason = record.job, failure.reason
        log.warning("evaluation failed", code=reason.code, why=reason.message, cause=failure.cause)
        if failure.cause is not FailureCause.INFRASTRUCTURE or job.is_last_attempt:
            await record.failed(failure, tail)
            return None
        if stop.is_set():
            return _HAND_OVER_DELAY_S
        return _RETRY_DELAYS_S[min(job.attempt, len(_RETRY_DELAYS_S)) - 1]

    async def _evaluate(
        self, record: RunRecord, folder: Path, output: Path, stop: asyncio.Event
    ) -> None:
        board = self.boards.get(record.job.accepted.board)
        if board is None:
            raise blame_infrastructure(
                "board-unknown",
                f"This evaluator has no definition of the board {record.job.accepted.board!r}.",
                "Ask the operators to give every service the same boards.",
            )
        stopped = blame_infrastructure(
            "evaluator-stopped", "The evaluator was shut down during the job."
        )
        too_slow = blame_model(
            "time-limit",
            f"The evaluation took longer than the {board.limits.max_job_seconds} s that the board"
            " allows.",
            "Submit a smaller model, or ask the board's operators for a higher limit.",
        )
        async with _cancellation(record) as is_cancelled:
            await unless(
                {is_cancelled: cancelled(), stop: stopped},
                self._run(record, board, folder, output),
                Deadline(board.limits.max_job_seconds, too_slow),
            )

    async def _run(self, record: RunRecord, board: Board, folder: Path, output: Path) -> None:
        began = time.monotonic()
        await record.started(board, self.settings.name, self.machine.device)
        tasks = tuple([task for task in board.tasks if not await record.is_scored(task.id)])
        if tasks:
            snapshot = await self._fetch_snapshot(record, record.job.accepted.model)
            await self._score(record, snapshot, board, tasks, folder, output)
        await record.finished(time.monotonic() - began)
        log.info("evaluation finished", scored=len(tasks), seconds=time.monotonic() - began)

    async def _fetch_snapshot(self, record: RunRecord, model: ModelRef) -> Snapshot:
        loop = asyncio.get_running_loop()

        def report(done: int, total: int) -> None:
            step = Step(Phase.DOWNLOADING, done=done, total=total)
            asyncio.run_coroutine_threadsafe(record.progress(step), loop)

        await record.progress(Step(Phase.DOWNLOADING))
        return await fetch_snapshot(model, self.settings.hub_url, report)

    async def _score(
        self,
        record: RunRecord,
        snapshot: Snapshot,
        board: Board,
        tasks: tuple[BoardTask, ...],
        folder: Path,
        output: Path,
    ) -> None:
        assignment = Assignment(
            model=record.job.accepted.model,
            snapshot=snapshot,
            tasks=tasks,
            chat_template=record.job.accepted.model.chat_template,
            samples_folder=folder,
            options=self.settings.harness_options,
            limit=board.limit,
        )
        missing = await self._run_child(record, assignment, output)
        if missing:
            log.info("fetching data sets", because=missing.detail)
            await fetch_data_sets(
                [task.harness_task for task in tasks], self.settings.hub_url, output
            )
            missing = await self._run_child(record, assignment, output)
        if missing:
            raise blame_infrastructure(
                "data-sets-unavailable", f"A task's data did not load: {missing.detail[:500]}"
            )

    async def _run_child(
        self, record: RunRecord, assignment: Assignment, output: Path
    ) -> DataSetsMissing | None:
        versions = self.machine.versions | _base_model(
            record.job.accepted.model, assignment.snapshot
        )
        async with aclosing(self.children.run(score, assignment, output)) as messages:
            async for message in messages:
                match message:
                    case Step():
                        await record.progress(message)
                    case TaskScores():
                        await record.scored(message, versions)
                        log.info("task scored", task=message.task, seconds=message.seconds)
                    case Failure():
                        raise EvaluationFault(message)
                    case DataSetsMissing():
                        return message
        return None


def _base_model(model: ModelRef, snapshot: Snapshot) -> dict[str, str]:
    """The Hub's cache names a snapshot's folder after its commit."""
    if model.base_model is None or snapshot.base_folder is None:
        return {}
    return {"base_model": f"{model.base_model}@{snapshot.base_folder.name}"}


@asynccontextmanager
async def _cancellation(record: RunRecord) -> AsyncIterator[asyncio.Event]:
    """Set when the submission is cancelled. The stream is asked again and again, because a
    subscription would miss what happens during an outage and hear of what the stream refused."""
    is_cancelled = asyncio.Event()

    async def look() -> None:
        while True:
            if await record.is_cancelled():
                is_cancelled.set()
                return
            await asyncio.sleep(_LOOK_FOR_CANCELLATION_S)

    looking = asyncio.create_task(look())
    try:
        yield is_cancelled
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
