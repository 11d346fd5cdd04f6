"""Gives what nobody could handle a visible end.

Reads DEAD_LETTERS: the server's advisories about spent deliveries, and what services buried. Each
that concerns a submission becomes `evaluation.failed`, unless its run has an end already."""

import asyncio
from dataclasses import dataclass

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.evaluation import EvaluationFailed, FailureCause
from contracts.models import Reason, SubmissionId
from contracts.submission import SubmissionAccepted, SubmissionReceived, SubmissionRerunRequested
from contracts.topology import JOBS, REPAIRS, VALIDATOR
from runtime.bus import UnreadableMessageError, bury, decode_event
from runtime.dead_letters import Advisory, Buried, read_dead_letter
from services.aggregator.ends import give_up

log = structlog.get_logger(__name__)

READER = "aggregator"
"""Who could not handle what this service buries."""
_RETRY_S = 5.0
_ADVICE = "Request a re-run; if that fails as well, tell the operators of this leaderboard."


@dataclass(frozen=True)
class _Lost:
    """An event that was delivered in vain."""

    event: Event
    envelope: Envelope
    deliveries: int = 0
    """0 when it was buried: its reason says more than a number."""
    reason: str = ""


async def repair(client: Client) -> None:
    """Never returns. An outage of the server is waited for."""
    js = client.jetstream()
    while True:
        try:
            subscription = await js.pull_subscribe_bind(REPAIRS.name, REPAIRS.stream.name)
            try:
                while True:
                    await _repair_next(js, subscription)
            finally:
                await subscription.unsubscribe()
        except NatsError as outage:
            log.warning("repairs wait", error=str(outage) or type(outage).__name__)
            await asyncio.sleep(_RETRY_S)


async def _repair_next(
    js: JetStreamContext, subscription: JetStreamContext.PullSubscription
) -> None:
    try:
        (message,) = await subscription.fetch(1, timeout=_RETRY_S)
    except TimeoutError:
        return
    try:
        await _repair(js, message)
    except NatsError:
        await message.nak(delay=_RETRY_S)
        raise
    await message.ack()


async def _repair(js: JetStreamContext, message: Msg) -> None:
    try:
        letter = read_dead_letter(message.subject, message.headers, message.data)
    except ValueError as fault:
        log.error("a dead letter cannot be read", error=str(fault))
        return
    match letter:
        case Buried(reader=reader) if reader == READER:
            # It was found in EVENTS, and whoever it was meant for may have handled it.
            return
        case Buried():
            where = f"what {letter.reader} could not handle"
            if decoded := _decoded(where, dict(letter.headers), letter.body):
                await _fail(js, _Lost(*decoded, reason=letter.reason))
        case Advisory():
            if letter.stream == JOBS.name or letter.consumer == VALIDATOR.name:
                await _repair_undelivered(js, letter)


async def _repair_undelivered(js: JetStreamContext, advisory: Advisory) -> None:
    try:
        lost = await js.get_msg(advisory.stream, advisory.sequence)
    except NotFoundError:
        # A terminated job leaves the queue; who terminated it has said why in another message.
        return
    where = f"{advisory.stream} {advisory.sequence}"
    if decoded := _decoded(where, lost.headers, lost.data or b""):
        await _fail(js, _Lost(*decoded, deliveries=advisory.deliveries))
    if advisory.is_spent:
        # The advisory names a place, and from JOBS the message is about to go: moderators need it.
        await bury(js, advisory.consumer, lost, advisory.reason, key=advisory.id)
    if advisory.stream == JOBS.name:
        await _delete_job(js, advisory.sequence)


async def _fail(js: JetStreamContext, lost: _Lost) -> None:
    match lost.event:
        case SubmissionAccepted() as job:
            failed = _failed_evaluation(job, lost)
        case SubmissionReceived() as received:
            failed = _failed_validation(received.sid, 1, lost)
        case SubmissionRerunRequested() as rerun:
            failed = _failed_validation(rerun.sid, rerun.run, lost)
        case _:
            return
    before_verdict = not isinstance(lost.event, SubmissionAccepted)
    await give_up(js, failed, lost.envelope, before_verdict=before_verdict)


def _failed_evaluation(job: SubmissionAccepted, lost: _Lost) -> EvaluationFailed:
    if lost.reason:
        code, message = "job-not-handled", f"No evaluator could handle the job: {lost.reason}"
    else:
        code = "attempts-exhausted"
        message = f"Attempts made: {lost.deliveries}. None of them came to an end."
    return EvaluationFailed(
        sid=job.sid,
        run=job.run,
        attempt=lost.deliveries,
        cause=FailureCause.INFRASTRUCTURE,
        reason=Reason(code=code, message=message, advice=_ADVICE),
    )


def _failed_validation(sid: SubmissionId, run: int, lost: _Lost) -> EvaluationFailed:
    how = lost.reason or f"it was begun {lost.deliveries} times and never came to an end."
    return EvaluationFailed(
        sid=sid,
        run=run,
        attempt=0,
        cause=FailureCause.INFRASTRUCTURE,
        reason=Reason(
            code="validation-did-not-complete",
            message=f"The model could not be validated: {how}",
            advice=_ADVICE,
        ),
    )


def _decoded(
    where: str, headers: dict[str, str] | None, body: bytes
) -> tuple[Event, Envelope] | None:
    """None for what is no event of ours: it stays in DEAD_LETTERS for the operators."""
    try:
        return decode_event(where, headers, body)
    except UnreadableMessageError as fault:
        log.error("a dead letter cannot be read", error=str(fault))
        return None


async def _delete_job(js: JetStreamContext, sequence: int) -> None:
    try:
        await js.delete_msg(JOBS.name, sequence)
    except NotFoundError:
        log.info("the job is gone already", sequence=sequence)
