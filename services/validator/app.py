"""The validator on the bus."""

from collections.abc import Mapping

import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from contracts.board import Board
from contracts.envelope import Envelope
from contracts.models import SubmissionId
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionDelayed,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.topology import EVENTS, VALIDATOR, VIEWS, Stream
from contracts.views import Policy
from runtime.bus import NotYetError, Recorded, publish_event_until_stored, subscribe
from services.validator import delays
from services.validator.handlers import FetchFacts, judge_submission
from services.validator.hub import HubDoesNotAnswerError
from services.validator.telling import telling

log = structlog.get_logger(__name__)


def build_app(
    broker: NatsBroker,
    client: Client,
    *,
    fetch_facts: FetchFacts,
    boards: Mapping[str, Board],
    hub_retry_s: float,
) -> None:
    """Subscribe the validator's one handler: of submissions, and of re-runs, which are judged anew
    because the Hub may say something else by now. `hub_retry_s` is the longest time between two
    attempts while the Hub does not answer."""
    js, outage = client.jetstream(), delays.Outage()

    async def on_evaluation_asked_for(
        recorded: Recorded[SubmissionReceived | SubmissionRerunRequested],
    ) -> None:
        asked = recorded.event
        run = asked.run if isinstance(asked, SubmissionRerunRequested) else 1
        if await _is_settled(js, asked.sid, run, recorded.sequence):
            log.info("there is nothing left to judge", run=run)
            return
        submission = (
            asked if isinstance(asked, SubmissionReceived) else await _received(js, asked.sid)
        )
        policy = await standing_policy(js)
        try:
            with outage.watched():
                async with telling(client, asked.sid, run) as tell:
                    verdict = await judge_submission(
                        submission, fetch_facts=fetch_facts, boards=boards, policy=policy, tell=tell
                    )
        except HubDoesNotAnswerError as fault:
            await _tell_delay(js, recorded, run, fault)
            delay_s = delays.delay_s(fault, recorded.delivered, hub_retry_s)
            raise NotYetError(str(fault), delay_s) from fault
        # Facts take seconds, or minutes. What is cancelled behind this line is dropped by the
        # evaluator, which looks at EVENTS before it begins.
        if await _is_settled(js, asked.sid, run, recorded.sequence):
            log.info("it was settled while it was judged", run=run)
            return
        if isinstance(verdict, SubmissionAccepted):
            verdict = verdict.model_copy(update={"run": run})
        envelope = Envelope.of(verdict, "validator", cause=recorded.envelope)
        # The verdicts on a submission's runs share a subject; only the first finds it empty.
        await publish_event_until_stored(js, verdict, envelope, only_once=run == 1)

    subscribe(broker, VALIDATOR, on_evaluation_asked_for)


async def _tell_delay(
    js: JetStreamContext,
    recorded: Recorded[SubmissionReceived | SubmissionRerunRequested],
    run: int,
    fault: HubDoesNotAnswerError,
) -> None:
    if delays.is_told(recorded.delivered):
        event = SubmissionDelayed(sid=recorded.event.sid, run=run, reason=delays.reason(fault))
        key = f" delivery {recorded.delivered}"
        envelope = Envelope.of(event, "validator", cause=recorded.envelope, key=key)
        await publish_event_until_stored(js, event, envelope)


async def _is_settled(js: JetStreamContext, sid: SubmissionId, run: int, asked_at: int) -> bool:
    """Judged before, and two verdicts would contradict each other; or cancelled meanwhile.
    `asked_at` is the place in EVENTS of what asked for the run."""
    accepted = await _last(js, SubmissionAccepted.subject_filter(sid=sid))
    if accepted and SubmissionAccepted.model_validate_json(accepted.data or b"").run >= run:
        return True
    for end in (SubmissionRejected, SubmissionCancelled):
        message = await _last(js, end.subject_filter(sid=sid))
        if message and (message.seq or 0) > asked_at:
            return True
    return False


async def _received(js: JetStreamContext, sid: SubmissionId) -> SubmissionReceived:
    message = await js.get_last_msg(EVENTS.name, SubmissionReceived.subject_filter(sid=sid))
    return SubmissionReceived.model_validate_json(message.data or b"")


async def standing_policy(js: JetStreamContext) -> Policy:
    """What moderators have decided by now."""
    message = await _last(js, Policy.subject_filter(), VIEWS)
    # A view that is gone leaves an empty body.
    return Policy.model_validate_json(message.data) if message and message.data else Policy()


async def _last(js: JetStreamContext, subject: str, stream: Stream = EVENTS) -> RawStreamMsg | None:
    try:
        return await js.get_last_msg(stream.name, subject)
    except NotFoundError:
        return None
