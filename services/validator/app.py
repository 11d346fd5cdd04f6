"""The validator on the bus."""

from collections.abc import Mapping

import structlog
from faststream.nats import NatsBroker
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.board import Board
from contracts.envelope import Envelope
from contracts.models import SubmissionId
from contracts.submission import SubmissionAccepted, SubmissionReceived, SubmissionRejected
from contracts.topology import EVENTS, VALIDATOR
from runtime.bus import Recorded, publish_event_until_stored, subscribe
from services.validator.handlers import FetchFacts, judge_submission

log = structlog.get_logger(__name__)


def build_app(
    broker: NatsBroker,
    js: JetStreamContext,
    *,
    fetch_facts: FetchFacts,
    boards: Mapping[str, Board],
) -> None:
    """Subscribe the validator's one handler."""

    async def on_submission_received(recorded: Recorded[SubmissionReceived]) -> None:
        # The Hub may say something else by now, and two verdicts would contradict each other.
        if await _is_judged(js, recorded.event.sid):
            log.info("the verdict was given before")
            return
        verdict = await judge_submission(recorded.event, fetch_facts=fetch_facts, boards=boards)
        envelope = Envelope.of(verdict, "validator", cause=recorded.envelope)
        await publish_event_until_stored(js, verdict, envelope, only_once=True)

    subscribe(broker, VALIDATOR, on_submission_received)


async def _is_judged(js: JetStreamContext, sid: SubmissionId) -> bool:
    for verdict in (SubmissionAccepted, SubmissionRejected):
        try:
            await js.get_last_msg(EVENTS.name, verdict.subject_filter(sid=sid))
        except NotFoundError:
            continue
        return True
    return False
