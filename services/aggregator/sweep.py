"""Finds requests that wait for something which is gone, and gives them an end; and jobs that wait
although their run has ended, and takes them away.

Nothing of ours loses a job or a submission without a dead letter. Operators may: a queue that was
purged, a restored backup, a consumer that was made anew."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.envelope import Envelope
from contracts.evaluation import EvaluationFailed, FailureCause
from contracts.models import Reason
from contracts.submission import SubmissionAccepted
from contracts.topology import EVENTS, JOBS, VALIDATOR, jobs_of
from runtime.bus import UnreadableMessageError, decode_event
from services.aggregator.ends import give_up
from services.aggregator.fold import Submission
from services.aggregator.spent_jobs import remove_spent_jobs
from services.aggregator.unsettled import Unsettled, unsettled

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 500
_ADVICE = (
    "Request a re-run. If it is lost again, ask the operators of this leaderboard whether somebody"
    " has emptied {stream}."
)


@dataclass(frozen=True)
class Patience:
    """How soon what is lost is found."""

    lost_after_s: float = 300
    """Requests that were heard of within this time are not looked for."""
    look_every_s: float = 60


@dataclass(frozen=True)
class Sweep:
    js: JetStreamContext
    patience: Patience
    under_way: Callable[[], Iterable[Submission]]
    """As the fold of EVENTS has them now, perhaps with others."""
    submission: Callable[[str], Submission | None]
    """Any, by its id."""

    async def run(self) -> None:
        """Never returns. An outage of the server is waited for; a queue that is not there hides
        nothing from the look into the other."""
        while True:
            await asyncio.sleep(self.patience.look_every_s)
            before = datetime.now(UTC) - timedelta(seconds=self.patience.lost_after_s)
            quiet = self._quiet(before)
            for look in (self._without_job, self._without_verdict):
                with _through_outages():
                    await self._give_up(await look(quiet))
            with _through_outages():
                await remove_spent_jobs(self.js, self.submission, before)

    async def _give_up(self, missing: list[Unsettled]) -> None:
        for each in missing[:_MOST_AT_ONCE]:
            kind = each.cause.event.type_name()
            cause = Envelope(kind, "aggregator", id=each.cause.id, time=each.cause.at)
            # EVENTS is asked after the queues: an end is published before its job is acknowledged,
            # so what has just ended shows one here.
            await give_up(self.js, _lost(each), cause, before_verdict=not each.has_job)

    def _quiet(self, before: datetime) -> list[Unsettled]:
        standing = map(unsettled, self.under_way())
        return [each for each in standing if each and each.since < before]

    async def _without_job(self, quiet: list[Unsettled]) -> list[Unsettled]:
        """One question about all of them, and one more about each re-run."""
        quiet = [each for each in quiet if each.has_job]
        if not quiet:
            return []
        info = await self.js.stream_info(JOBS.name, subjects_filter=jobs_of())
        subjects = info.state.subjects or {}
        if sum(subjects.values()) < info.state.messages:
            # The server lists so many subjects at most, and what is not listed is not lost.
            return []
        queued = {subject.rpartition(".")[2] for subject in subjects}
        return [
            each
            for each in quiet
            if each.sid not in queued or (each.run > 1 and not await self._is_queued(each))
        ]

    async def _is_queued(self, each: Unsettled) -> bool:
        """Not the job of an earlier run."""
        try:
            job = await self.js.get_last_msg(JOBS.name, jobs_of(each.sid))
        except NotFoundError:
            return False
        try:
            event, _ = decode_event(JOBS.name, job.headers, job.data or b"")
        except UnreadableMessageError:
            return True
        return isinstance(event, SubmissionAccepted) and event.run >= each.run

    async def _without_verdict(self, quiet: list[Unsettled]) -> list[Unsettled]:
        """One question about all of them."""
        quiet = [each for each in quiet if not each.has_job]
        if not quiet:
            return []
        info = await self.js.consumer_info(EVENTS.name, VALIDATOR.name)
        handled = info.ack_floor.stream_seq if info.ack_floor else 0
        return [each for each in quiet if each.cause.sequence <= handled]


@contextmanager
def _through_outages() -> Iterator[None]:
    try:
        yield
    except (NatsError, TimeoutError) as outage:
        error = str(outage) or type(outage).__name__
        log.warning("what is lost cannot be looked for now", error=error)


def _lost(each: Unsettled) -> EvaluationFailed:
    if each.has_job:
        code, stream = "job-lost", JOBS.name
        message = f"The job has left the queue, and nobody has said how run {each.run} ended."
    else:
        code, stream = "validation-did-not-complete", f"the consumer {VALIDATOR.name!r}"
        message = "The submission has left the validator's queue, and there is no verdict."
    return EvaluationFailed(
        sid=each.sid,
        run=each.run,
        attempt=each.attempt,
        cause=FailureCause.INFRASTRUCTURE,
        reason=Reason(code=code, message=message, advice=_ADVICE.format(stream=stream)),
    )
