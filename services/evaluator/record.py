"""What EVENTS already holds about one run, and what this evaluator adds to it."""

import time
from dataclasses import dataclass, field

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from contracts.base import Event
from contracts.board import Board
from contracts.envelope import Envelope
from contracts.evaluation import (
    Details,
    EvaluationFailed,
    EvaluationFinished,
    EvaluationProgress,
    EvaluationStarted,
    EvaluationTaskScored,
)
from contracts.submission import SubmissionCancelled, SubmissionRerunRequested
from contracts.topology import DETAILS_BUCKET, EVENTS
from runtime.bus import (
    AlreadyPublishedError,
    UnreadableMessageError,
    decode_event,
    publish_event_until_stored,
    through_outages,
)
from services.evaluator.failures import Failure, blame_infrastructure
from services.evaluator.jobs import Job
from services.evaluator.messages import open_written
from services.evaluator.pace import Pace
from services.evaluator.protocol import SamplesFile, Step, TaskScores

log = structlog.get_logger(__name__)

SOURCE = "evaluator"


@dataclass(frozen=True)
class RunRecord:
    """One attempt's view of its run. Everything waits through outages of NATS."""

    client: Client
    js: JetStreamContext
    job: Job
    pace: Pace = field(default_factory=Pace)

    # ── what is known ────────────────────────────────────────────────────────────────────────────

    async def is_over(self) -> bool:
        """The run has ended, or its submission was cancelled since the run was asked for."""
        accepted = self.job.accepted
        failed = EvaluationFailed.subject_filter(sid=accepted.sid, run=accepted.run)
        if await self._last_sequence(failed) is not None:
            return True
        return await self.is_finished() or await self.is_cancelled()

    async def is_finished(self) -> bool:
        accepted = self.job.accepted
        finished = EvaluationFinished.subject_filter(sid=accepted.sid, run=accepted.run)
        return await self._last_sequence(finished) is not None

    async def is_cancelled(self) -> bool:
        subject = SubmissionCancelled.subject_filter(sid=self.job.accepted.sid)
        sequence = await self._last_sequence(subject)
        # An older cancellation was of a run before this one. One that came before the job was
        # accepted counts: the validator may not have seen it.
        return sequence is not None and sequence > await self._begins()

    async def _begins(self) -> int:
        """Place in EVENTS of what asked for this run; 0 for the first."""
        accepted = self.job.accepted
        if accepted.run == 1:
            return 0
        subject = SubmissionRerunRequested.subject_filter(sid=accepted.sid, run=accepted.run)
        return await self._last_sequence(subject) or self.job.accepted_sequence

    async def seconds_of(self, task: str) -> float | None:
        """What the task took; None while it has no scores."""
        accepted = self.job.accepted
        last = await self._last(
            EvaluationTaskScored.subject_filter(sid=accepted.sid, run=accepted.run, task=task)
        )
        return last[0].seconds if last and isinstance(last[0], EvaluationTaskScored) else None

    async def is_superseded(self) -> bool:
        """The server took this attempt for dead and gave the job to another, which has begun."""
        accepted = self.job.accepted
        last = await self._last(
            EvaluationStarted.subject_filter(sid=accepted.sid, run=accepted.run)
        )
        event, envelope = last or (None, None)
        if envelope is None or not isinstance(event, EvaluationStarted):
            return False
        # The same run may stand in two queues, as two jobs that count their attempts apart.
        of_this_job = envelope.id == self._envelope(event, event.attempt).id
        return of_this_job and event.attempt > self.job.attempt

    async def _last(self, subject: str) -> tuple[Event, Envelope] | None:
        message = await self._last_message(subject)
        if message is None:
            return None
        try:
            return decode_event(subject, message.headers, message.data or b"")
        except UnreadableMessageError as fault:
            log.warning("an event of this run cannot be read", error=str(fault))
            return None

    async def _last_sequence(self, subject: str) -> int | None:
        message = await self._last_message(subject)
        return message.seq if message else None

    async def _last_message(self, subject: str) -> RawStreamMsg | None:
        try:
            return await through_outages(lambda: self.js.get_last_msg(EVENTS.name, subject))
        except NotFoundError:
            return None

    # ── what is new ──────────────────────────────────────────────────────────────────────────────

    async def started(self, board: Board, evaluator: str, device: str) -> None:
        await self._publish(
            EvaluationStarted(
                sid=self.job.accepted.sid,
                run=self.job.accepted.run,
                attempt=self.job.attempt,
                evaluator=evaluator,
                device=device,
                tasks=tuple(task.id for task in board.tasks),
            )
        )

    async def progress(self, step: Step) -> None:
        """Not stored, so it is not worth waiting for a server that is away."""
        rate = self.pace.after(step, time.monotonic())
        progress = EvaluationProgress(
            sid=self.job.accepted.sid,
            run=self.job.accepted.run,
            attempt=self.job.attempt,
            phase=step.phase,
            task=step.task,
            done=step.done,
            total=step.total,
            per_second=rate.per_second,
            seconds_left=rate.seconds_left,
        )
        if self.client.is_connected:
            await self.client.publish(progress.subject(), progress.model_dump_json().encode())

    async def scored(self, scores: TaskScores, versions: dict[str, str]) -> None:
        """Store the samples, then publish the scores; both vanish if another attempt was first."""
        accepted, attempt = self.job.accepted, self.job.attempt
        # Each attempt has a name of its own, or a stale one could replace what an event points to.
        name = f"{accepted.sid}/{accepted.run}/{scores.task}-{attempt}.parquet"
        details = await self._store(name, scores.samples)
        try:
            await self._publish(
                EvaluationTaskScored(
                    sid=accepted.sid,
                    run=accepted.run,
                    attempt=attempt,
                    board=accepted.board,
                    task=scores.task,
                    results=scores.results,
                    seconds=scores.seconds,
                    engine=scores.provenance.engine.name,
                    versions=versions,
                    details=details,
                    provenance=scores.provenance,
                ),
                only_once=True,
            )
        except AlreadyPublishedError:
            log.info("another attempt was first", task=scores.task)
            store = await through_outages(lambda: self.js.object_store(DETAILS_BUCKET))
            await through_outages(lambda: store.delete(name))

    async def finished(self, seconds: float) -> None:
        """Unless another attempt was first: two may find the last task scored."""
        accepted = self.job.accepted
        try:
            await self._publish(
                EvaluationFinished(
                    sid=accepted.sid, run=accepted.run, attempt=self.job.attempt, seconds=seconds
                ),
                only_once=True,
            )
        except AlreadyPublishedError:
            log.info("another attempt has finished the run")

    async def failed(self, failure: Failure, log_tail: str) -> None:
        await self._publish(
            EvaluationFailed(
                sid=self.job.accepted.sid,
                run=self.job.accepted.run,
                attempt=self.job.attempt,
                cause=failure.cause,
                reason=failure.reason,
                log_tail=log_tail,
            )
        )

    async def _store(self, name: str, samples: SamplesFile) -> Details:
        async def put() -> None:
            store = await self.js.object_store(DETAILS_BUCKET)
            with open_written(samples.path) as file:
                await store.put(name, file)

        try:
            await through_outages(put)
        except OSError as fault:
            raise blame_infrastructure(
                "details-not-stored", f"The samples of {name} cannot be read: {fault.strerror}."
            ) from fault
        except NotFoundError as fault:
            raise blame_infrastructure(
                "details-not-stored",
                f"The object store {DETAILS_BUCKET!r} does not exist.",
                "Ask the operators to run `python -m runtime.topology`, then request a re-run.",
            ) from fault
        return Details(
            object_name=name,
            rows=samples.rows,
            size_bytes=samples.size_bytes,
            sha256=samples.sha256,
        )

    async def _publish(self, event: Event, *, only_once: bool = False) -> None:
        envelope = self._envelope(event, self.job.attempt)
        await publish_event_until_stored(self.js, event, envelope, only_once=only_once)

    def _envelope(self, event: Event, attempt: int) -> Envelope:
        # The attempt tells apart what several of them publish because of the same job.
        return Envelope.of(event, source=SOURCE, cause=self.job.envelope, key=str(attempt))
