"""Takes jobs off the queue that nobody needs any more, instead of leaving them to an evaluator that
may never come: what was cancelled while it waited, and what stood in two lanes and was done once.
Until then they would count as work to whoever starts evaluators by the length of the queue."""

from collections.abc import Callable
from datetime import datetime

import structlog
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from contracts.submission import SubmissionAccepted
from contracts.topology import JOBS, jobs_of
from contracts.views import RequestState
from runtime.bus import UnreadableMessageError, decode_event
from services.aggregator.fold import Submission

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 500
# After a failure the job may be about to be delivered again.
_FOR_GOOD = frozenset({RequestState.CANCELLED, RequestState.FINISHED})


async def remove_spent_jobs(
    js: JetStreamContext, submission: Callable[[str], Submission | None], before: datetime
) -> None:
    """Of runs of which nothing was heard since `before`: an evaluator that has one in its hands
    takes it off itself. `submission` finds one by its id."""
    info = await js.stream_info(JOBS.name, subjects_filter=jobs_of())
    spent = [
        (subject, found.run.number)
        for subject in info.state.subjects or {}
        if (found := submission(subject.rpartition(".")[2])) and _needs_no_job(found, before)
    ]
    for subject, run in spent[:_MOST_AT_ONCE]:
        await _remove(js, subject, run)


def _needs_no_job(submission: Submission, before: datetime) -> bool:
    return submission.state in _FOR_GOOD and all(
        fact.at < before for fact in submission.facts.values()
    )


async def _remove(js: JetStreamContext, subject: str, run: int) -> None:
    """By its place, so that the job of a re-run that comes meanwhile stays."""
    try:
        message = await js.get_last_msg(JOBS.name, subject)
        job = _read(message)
        if job and message.seq and job.run <= run:
            await js.delete_msg(JOBS.name, message.seq)
            log.info("a job was taken off that nobody needs", sid=job.sid, run=job.run)
    except NotFoundError:
        # An evaluator was quicker.
        return


def _read(message: RawStreamMsg) -> SubmissionAccepted | None:
    try:
        event, _ = decode_event(JOBS.name, message.headers, message.data or b"")
    except UnreadableMessageError:
        return None
    return event if isinstance(event, SubmissionAccepted) else None
