"""The gateway's way onto EVENTS: publish a submission once, and look up what happened to one."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID, uuid5

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, PubAck
from nats.js.errors import NotFoundError

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.submission import SubmissionReceived
from contracts.topology import EVENTS
from contracts.views import HistoryEntry, Request, RequestState
from runtime.bus import Recorded, UnreadableMessageError, publish_event, read_event
from services.gateway.http.errors import ErrorCode, Refusal

# Any fixed value: ids of events that are the same when they are sent again derive from it.
_REPEATABLE = UUID("c9c0ff3e-51f0-4f6b-9d3b-6f2d0c9a7f11")

_AT_ONCE = 256
_FORGOTTEN_AFTER_S = 30.0

log = structlog.get_logger(__name__)


class EventLog:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._js = client.jetstream()

    async def publish_once(self, event: Event) -> None:
        """Returns once the event is on disk. Raises AlreadyPublishedError when its subject is
        taken, and Refusal when NATS does not answer: then nobody knows whether it was stored."""
        await self._publish(event, Envelope.of(event, source="gateway"), only_once=True)

    async def publish(self, event: Event) -> None:
        """Returns once the event is on disk. Raises Refusal as above."""
        await self._publish(event, Envelope.of(event, source="gateway"))

    async def publish_as(self, key: str, event: Event) -> bool:
        """The same, once for each key and subject within two minutes; False for a repeat."""
        known = uuid5(_REPEATABLE, f"{event.subject()} {key}")
        ack = await self._publish(event, Envelope(event.type_name(), "gateway", id=known))
        return not ack.duplicate

    async def _publish(
        self, event: Event, envelope: Envelope, *, only_once: bool = False
    ) -> PubAck:
        # nats-py would keep the message and send it after a reconnect, long after our answer.
        if not self._client.is_connected:
            raise _unreachable("not connected")
        try:
            return await publish_event(self._js, event, envelope, only_once=only_once)
        except NatsError as fault:
            raise _unreachable(str(fault) or repr(fault)) from fault

    async def received(self, sid: str) -> Request | None:
        """The request as its first event tells it; None when there is no such submission."""
        subject = SubmissionReceived.subject_filter(sid=sid)
        if not self._client.is_connected:
            raise _unreachable("not connected")
        try:
            message = await self._js.get_last_msg(EVENTS.name, subject)
        except NotFoundError:
            return None
        except NatsError as fault:
            raise _unreachable(str(fault) or repr(fault)) from fault
        event = SubmissionReceived.model_validate_json(message.data or b"")
        return as_request(event, Envelope.from_headers(message.headers or {}).time)

    async def evaluations(self, sid: str) -> list[Recorded[Event]]:
        """Everything that was said about the evaluations of a submission, oldest first, without
        what this version cannot read. Raises Refusal when NATS does not answer."""
        if not self._client.is_connected:
            raise _unreachable("not connected")
        try:
            stored = await _stored(self._js, f"podium.v1.evaluation.*.{sid}.>")
        except NatsError as fault:
            raise _unreachable(str(fault) or repr(fault)) from fault
        return list(_readable(stored))


async def _stored(js: JetStreamContext, subjects: str) -> list[Msg]:
    """What stands in EVENTS under these subjects now."""
    reader = await js.pull_subscribe(
        subjects,
        stream=EVENTS.name,
        config=ConsumerConfig(
            ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=_FORGOTTEN_AFTER_S
        ),
    )
    total = (await reader.consumer_info()).num_pending or 0
    messages: list[Msg] = []
    while len(messages) < total:
        messages += await reader.fetch(min(_AT_ONCE, total - len(messages)))
    await reader.unsubscribe()
    return messages


def _readable(messages: Iterable[Msg]) -> Iterator[Recorded[Event]]:
    for message in messages:
        try:
            yield read_event(message)
        except UnreadableMessageError as fault:
            log.warning("an unreadable event was left out", error=str(fault))


def as_request(event: SubmissionReceived, received_at: datetime) -> Request:
    """A submission as it stands before anybody has looked at it."""
    return Request(
        sid=event.sid,
        board=event.board,
        model=event.model,
        model_type=event.model_type,
        requested_revision=event.requested_revision,
        submitter=event.submitter,
        state=RequestState.RECEIVED,
        received_at=received_at,
        updated_at=received_at,
        run=1,
        attempt=0,
        history=(HistoryEntry(at=received_at, what="submission.received"),),
    )


def _unreachable(why: str) -> Refusal:
    log.warning("nats gave no answer", error=why)
    return Refusal(
        ErrorCode.BUS_UNREACHABLE,
        "The message bus did not answer, so it is not known whether this was stored.",
        "Send the same request again in a moment: a submission is stored once, however often it"
        " is sent.",
    )
