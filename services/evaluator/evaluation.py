"""One attempt at a run: its files, the child that scores, and all that can end it early."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from contracts.board import Board, BoardTask
from contracts.models import ModelRef
from contracts.submission import SubmissionAccepted
from services.evaluator.checkpoints import Checkpoint, Checkpoints, Outbox
from services.evaluator.child import Child, WarmChildren, score
from services.evaluator.data_sets import fetch_data_sets
from services.evaluator.disk import HubCache
from services.evaluator.failures import (
    EvaluationFault,
    Failure,
    Superseded,
    blame_infrastructure,
    blame_model,
    cancelled,
)
from services.evaluator.hub import fetched
from services.evaluator.interrupts import Interrupt, meanwhile
from services.evaluator.memory import held_bytes
from services.evaluator.presence import Desk
from services.evaluator.protocol import (
    Assignment,
    DataSetsMissing,
    HarnessOptions,
    Machine,
    Message,
    Phase,
    Slice,
    Snapshot,
    Step,
    Stopped,
    TaskScores,
)
from services.evaluator.record import RunRecord
from services.evaluator.time_limits import TimeLimits

log = structlog.get_logger(__name__)

OUTPUT = "output.log"
"""Name of the file that a child's prints go to."""

_LOOK_AROUND_S = 2.0
_LOOK_AT_MEMORY_S = 0.5
_LAST_SLICE_S = 12.0
"""A step of the slowest engine, and time to store what it brought; exit is due after 25 s."""


@dataclass(frozen=True)
class Station:
    """A device, and what models need to run on it."""

    name: str
    """What submitters read."""
    machine: Machine
    options: HarnessOptions
    hub_url: str
    cache: HubCache
    children: WarmChildren
    memory_limit_bytes: float | None
    """Most of the host's memory that a child may hold."""
    desk: Desk
    """Where everybody sees what it is at."""


class Evaluation:
    def __init__(
        self,
        station: Station,
        record: RunRecord,
        checkpoints: Checkpoints,
        board: Board,
        folder: Path,
    ) -> None:
        """`folder` is for the samples, and for `OUTPUT`."""
        self._station = station
        self._record = record
        self._checkpoints = checkpoints
        self._board = board
        self._folder = folder
        self._output = folder / OUTPUT
        self._outbox = Outbox(checkpoints)
        self._interrupt = Interrupt()
        self._scoring: Child | None = None
        """The child, while it has answers that would be lost with it."""

    async def run(self, leave: asyncio.Event) -> int:
        """Score what has no scores yet, and tell how many tasks that were. Raises EvaluationFault;
        Superseded when the job has gone to somebody else. Once `leave` is set the child may finish
        what it is at; the fault is then that the evaluator was stopped."""
        async with (
            meanwhile(self._outbox.deliver()),
            meanwhile(self._look_around()),
            meanwhile(self._obey(leave)),
        ):
            return await self._interrupt.unless(self._run())

    # ── what ends it early ───────────────────────────────────────────────────────────────────────

    async def _look_around(self) -> None:
        """The stream is asked again and again, because a subscription would miss what happens
        during an outage and hear of what the stream refused."""
        while True:
            if await self._record.is_cancelled():
                self._interrupt(cancelled())
            # An attempt that was taken for dead may have had its last score on the way.
            if await self._record.is_superseded() or await self._record.is_finished():
                self._interrupt(Superseded())
            await asyncio.sleep(_LOOK_AROUND_S)

    async def _obey(self, leave: asyncio.Event) -> None:
        await leave.wait()
        if self._scoring:
            self._scoring.ask_to_stop()
            await asyncio.sleep(_LAST_SLICE_S)
        self._interrupt(_stopped())

    async def _watch_memory(self, child: Child) -> None:
        limit = self._station.memory_limit_bytes
        while limit is not None:
            if held_bytes(child.pid) > limit:
                self._interrupt(_out_of_memory(limit))
            await asyncio.sleep(_LOOK_AT_MEMORY_S)

    # ── the work ─────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> int:
        await self._record.started(self._board, self._station.name, self._station.machine.device)
        taken = {task.id: await self._record.seconds_of(task.id) for task in self._board.tasks}
        tasks = tuple(task for task in self._board.tasks if taken[task.id] is None)
        if not tasks:
            return 0
        checkpoints = {task.id: await self._checkpoints.load(task.id) for task in tasks}
        taken_before = {
            task: _seconds(checkpoints.get(task, ())) if seconds is None else seconds
            for task, seconds in taken.items()
        }
        with TimeLimits(self._board.limits, taken_before, self._interrupt) as limits:
            slices = [checkpoint.finished for task in tasks for checkpoint in checkpoints[task.id]]
            async with self._fetched(self._record.job.accepted) as snapshot:
                await self._score(snapshot, tasks, slices, limits)
        return len(tasks)

    @asynccontextmanager
    async def _fetched(self, job: SubmissionAccepted) -> AsyncIterator[Snapshot]:
        loop = asyncio.get_running_loop()

        def report(done: int, total: int) -> None:
            step = Step(Phase.DOWNLOADING, done=done, total=total)
            asyncio.run_coroutine_threadsafe(self._record.progress(step), loop)

        await self._record.progress(Step(Phase.DOWNLOADING))
        station = self._station
        async with fetched(
            job.model, job.base_commit, station.hub_url, station.cache, report
        ) as snapshot:
            yield snapshot

    async def _score(
        self,
        snapshot: Snapshot,
        tasks: tuple[BoardTask, ...],
        slices: Sequence[Slice],
        limits: TimeLimits,
    ) -> None:
        accepted = self._record.job.accepted
        assignment = Assignment(
            model=accepted.model,
            snapshot=snapshot,
            tasks=tasks,
            chat_template=accepted.model.chat_template,
            samples_folder=self._folder,
            options=self._station.options,
            limit=self._board.limit,
            slices=tuple(slices),
        )
        missing = await self._run_child(assignment, limits)
        if missing:
            log.info("fetching data sets", because=missing.detail)
            await fetch_data_sets(
                [task.harness_task for task in tasks], self._station.hub_url, self._output
            )
            missing = await self._run_child(assignment, limits)
        if missing:
            raise blame_infrastructure(
                "data-sets-unavailable", f"A task's data did not load: {missing.detail[:500]}"
            )

    async def _run_child(
        self, assignment: Assignment, limits: TimeLimits
    ) -> DataSetsMissing | None:
        """Until it ends, or lacks data sets."""
        starting = self._station.children.start(score, assignment, self._output)
        async with starting as child, meanwhile(self._watch_memory(child)):
            try:
                async for message in child.messages():
                    if isinstance(message, DataSetsMissing):
                        return message
                    await self._take(message, child, assignment, limits)
            finally:
                self._scoring = None
        return None

    async def _take(
        self, message: Message, child: Child, assignment: Assignment, limits: TimeLimits
    ) -> None:
        match message:
            case Step():
                if message.task:
                    limits.begin(message.task)
                    self._station.desk.take_up(message.task)
                if message.phase is Phase.SCORING and message.total:
                    self._scoring = child
                await self._record.progress(message)
            case Slice():
                self._outbox.put(Checkpoint(message, limits.taken_by(message.task)))
            case TaskScores():
                self._scoring = None
                limits.end(message.task)
                await self._publish(message, assignment, limits)
            case Stopped():
                await self._outbox.until_empty()
                raise _stopped()
            case Failure():
                raise EvaluationFault(message)

    async def _publish(
        self, scores: TaskScores, assignment: Assignment, limits: TimeLimits
    ) -> None:
        if scores.task not in {task.id for task in assignment.tasks}:
            raise blame_infrastructure(
                "evaluation-broke-off", "The process that ran the model scored a task of its own."
            )
        # Whatever the child says, this is the file that gets published.
        samples = replace(scores.samples, path=self._folder / f"{scores.task}.parquet")
        versions = self._station.machine.versions | _base_model(
            assignment.model, assignment.snapshot
        )
        # A task that was resumed took longer than the attempt that finished it.
        seconds = scores.seconds + limits.taken_before(scores.task)
        scores = replace(scores, samples=samples, seconds=seconds)
        await self._record.scored(scores, versions)
        await self._checkpoints.drop(scores.task)
        log.info("task scored", task=scores.task, seconds=scores.seconds)


def _seconds(checkpoints: Sequence[Checkpoint]) -> float:
    return max((checkpoint.seconds for checkpoint in checkpoints), default=0.0)


def _base_model(model: ModelRef, snapshot: Snapshot) -> dict[str, str]:
    """The Hub's cache names a snapshot's folder after its commit."""
    if model.base_model is None or snapshot.base_folder is None:
        return {}
    return {"base_model": f"{model.base_model}@{snapshot.base_folder.name}"}


def _stopped() -> EvaluationFault:
    return blame_infrastructure(
        "evaluator-stopped", "The evaluator was shut down or drained during the job."
    )


def _out_of_memory(limit_bytes: float) -> EvaluationFault:
    return blame_model(
        "out-of-memory",
        f"The model took more than the {limit_bytes / 1e9:g} GB of main memory that this evaluator"
        " gives to one.",
        "Submit it at a precision with fewer bits, or ask the operators to raise"
        " EVALUATOR_MEMORY_LIMIT_GB or to evaluate it on a larger host.",
    )
