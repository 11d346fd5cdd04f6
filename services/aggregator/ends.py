"""How a run that nobody will finish gets its end, exactly once."""

import structlog
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.envelope import Envelope
from contracts.evaluation import EvaluationFailed, EvaluationFinished
from contracts.models import SubmissionId
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.topology import EVENTS
from runtime.bus import AlreadyPublishedError, publish_event
from runtime.logs import about

log = structlog.get_logger(__name__)


async def give_up(
    js: JetStreamContext, failed: EvaluationFailed, cause: Envelope, *, before_verdict: bool
) -> None:
    """Publish this end unless the run has another: its scores, a failure, a cancellation, or, for
    a run that was lost `before_verdict`, the verdict. EVENTS is asked, because what a newer version
    has written counts as well."""
    with about(sid=failed.sid, run=failed.run):
        if await _is_over(js, failed.sid, failed.run, before_verdict):
            return
        envelope = Envelope.of(failed, "aggregator", cause=cause)
        try:
            ack = await publish_event(js, failed, envelope, only_once=True)
        except AlreadyPublishedError:
            log.info("the run has got an end meanwhile")
        else:
            if not ack.duplicate:
                log.warning("a run was given up", reason=failed.reason.message)


async def _is_over(js: JetStreamContext, sid: SubmissionId, run: int, before_verdict: bool) -> bool:
    for end in (EvaluationFinished, EvaluationFailed):
        if await _last_sequence(js, end.subject_filter(sid=sid, run=run)):
            return True
    begins = 0
    if run > 1:
        asked = SubmissionRerunRequested.subject_filter(sid=sid, run=run)
        begins = await _last_sequence(js, asked)
    # These name no run: what came before this one was asked for is about another.
    ends = [SubmissionCancelled.subject_filter(sid=sid)]
    if before_verdict:
        ends += [kind.subject_filter(sid=sid) for kind in (SubmissionAccepted, SubmissionRejected)]
    for subject in ends:
        if await _last_sequence(js, subject) > begins:
            return True
    return False


async def _last_sequence(js: JetStreamContext, subject: str) -> int:
    """0 when EVENTS has no such message."""
    try:
        return (await js.get_last_msg(EVENTS.name, subject)).seq or 0
    except NotFoundError:
        return 0
