from collections.abc import Mapping

from faststream.nats import NatsBroker
from nats.js import JetStreamContext

from contracts.board import Board
from contracts.envelope import Envelope
from contracts.submission import SubmissionReceived
from contracts.topology import VALIDATOR
from runtime.bus import Recorded, publish_event_until_stored, subscribe
from services.validator.handlers import GatherFacts, judge_submission


def build_app(
    broker: NatsBroker,
    js: JetStreamContext,
    *,
    gather_facts: GatherFacts,
    boards: Mapping[str, Board],
) -> None:
    """Subscribe the validator's one handler."""

    async def on_submission_received(recorded: Recorded[SubmissionReceived]) -> None:
        verdict = await judge_submission(recorded.event, gather_facts=gather_facts, boards=boards)
        envelope = Envelope.of(verdict, "validator", cause=recorded.envelope)
        await publish_event_until_stored(js, verdict, envelope)

    subscribe(broker, VALIDATOR, on_submission_received)
