"""Connect, publish and subscribe without the defaults of nats-py and FastStream that lose messages.

Each setting answers a failure that was measured: see docs/adr/0004-one-way-onto-the-bus.md."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import nats
import structlog
from faststream import AckPolicy
from faststream.exceptions import NackMessage, RejectMessage
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError, OutboundBufferLimitError, TimeoutError
from nats.js import JetStreamContext
from nats.js.api import Header, PubAck, RawStreamMsg
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError
from pydantic import ValidationError

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.registry import event_class
from contracts.topology import DEAD_LETTERS, EVENTS, Consumer, dead_letter_subject
from runtime.dead_letters import BYTES, READER, REASON, SUBJECT
from runtime.logs import about

log = structlog.get_logger(__name__)

WRONG_LAST_SEQUENCE = 10071
"""JetStream's error for a publish whose expected sequence does not stand."""
# With the reason added, a copy may be larger than what nats-server takes. It then closes the
# connection for good, and a service that met such a message would never come up again.
_MOST_BURIED_BYTES = 512 * 1024
_MOST_HEADER_CHARACTERS = 2000
_RETRY_DELAYS_S = (1, 2, 5, 10, 30, 60)


class AlreadyPublishedError(Exception):
    """Another message stands on the subject, which takes only one; `subject` names it."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject} is taken")
        self.subject = subject


class UnreadableMessageError(Exception):
    """A message that is no event of ours. Delivering it again would not help."""


class NotYetError(Exception):
    """Raised by a handler that cannot do its work now, by nobody's fault, and knows when to try
    again."""

    def __init__(self, why: str, delay_s: float) -> None:
        super().__init__(why)
        self.delay_s = delay_s


E = TypeVar("E", bound=Event)
T = TypeVar("T")


@dataclass(frozen=True)
class Recorded(Generic[E]):
    """An event as it stands in a stream."""

    event: E
    envelope: Envelope
    sequence: int
    """Place in the stream; 1 is the first."""
    delivered: int
    """How often it has been delivered to this consumer; 1 at first."""


# ── connecting ───────────────────────────────────────────────────────────────────────────────────


async def _log_error(fault: Exception) -> None:
    log.warning("nats", error=str(fault) or type(fault).__name__)


async def _log_disconnected() -> None:
    log.info("nats is disconnected")


async def _log_reconnected() -> None:
    log.info("nats is back")


def _connection_options(name: str, stop: asyncio.Event | None) -> dict[str, Any]:
    async def exit_unless_stopping() -> None:
        # Some errors make the client give up for good; a fresh process is the way back.
        if stop and not stop.is_set():
            log.critical("the NATS connection is closed for good; exiting to be restarted")
            os._exit(70)

    return {
        "name": name,
        # The default of 60 tries gives up after two minutes; FastStream then spins and freezes.
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 1,
        # The default notices a half-open connection after four to six minutes.
        "ping_interval": 10,
        "max_outstanding_pings": 2,
        "closed_cb": exit_unless_stopping,
        "error_cb": _log_error,
        "disconnected_cb": _log_disconnected,
        "reconnected_cb": _log_reconnected,
    }


async def connect(url: str, *, name: str) -> Client:
    """A connection that comes back after any outage. It waits for a server that is not up yet."""
    return await nats.connect(url, **_connection_options(name, None))


@asynccontextmanager
async def service_connection(
    url: str, *, name: str, stop: asyncio.Event
) -> AsyncIterator[Client | None]:
    """A service's connection, closed at the end. None when `stop` is set while the server is not
    up yet; if the client gives up before that, the process exits."""
    connecting = asyncio.create_task(nats.connect(url, **_connection_options(name, stop)))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((connecting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not connecting.done():
        connecting.cancel()
        yield None
        return
    client = connecting.result()
    yield client
    await client.close()


def make_broker(url: str, *, name: str, stop: asyncio.Event) -> NatsBroker:
    """A FastStream broker under the same terms. Its own default ack policy deletes a message whose
    handler raised; here that message comes back."""
    return NatsBroker(
        url,
        **_connection_options(name, stop),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        graceful_timeout=20,
        logger=None,
    )


# ── publishing ───────────────────────────────────────────────────────────────────────────────────


async def publish_event(
    js: JetStreamContext, event: Event, envelope: Envelope, *, only_once: bool = False
) -> PubAck:
    """Publish and wait until the stream has it on disk. The outcome of a timed-out publish is
    unknown, so the caller repeats it with the same envelope and the stream drops the repeat.

    With `only_once` a subject that already holds an event refuses another: AlreadyPublishedError.
    Raises nats.errors.TimeoutError or NoStreamResponseError when JetStream does not answer."""
    headers = envelope.headers() | {Header.MSG_ID.value: str(envelope.id)}
    if only_once:
        headers[Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value] = "0"
    try:
        return await js.publish(
            event.subject(),
            event.model_dump_json().encode(),
            stream=EVENTS.name,
            timeout=5,
            headers=headers,
        )
    except APIError as refusal:
        if refusal.err_code != WRONG_LAST_SEQUENCE:
            raise
        # The server checks the sequence before it looks for a repeat, so a repeat lands here too.
        standing = await js.get_last_msg(EVENTS.name, event.subject())
        if (standing.headers or {}).get("ce-id") == str(envelope.id):
            return PubAck(stream=EVENTS.name, seq=standing.seq or 0, duplicate=True)
        raise AlreadyPublishedError(event.subject()) from refusal


async def publish_event_until_stored(
    js: JetStreamContext, event: Event, envelope: Envelope, *, only_once: bool = False
) -> PubAck:
    """`publish_event`, repeated through any outage: for results that took hours to compute."""
    return await through_outages(lambda: publish_event(js, event, envelope, only_once=only_once))


async def through_outages(operation: Callable[[], Awaitable[T]]) -> T:
    """The operation's result; it is repeated for as long as JetStream does not answer."""
    attempt = 0
    while True:
        try:
            return await operation()
        except (
            TimeoutError,
            NoRespondersError,
            NoStreamResponseError,
            ServiceUnavailableError,
            OutboundBufferLimitError,
        ) as fault:
            delay_s = _RETRY_DELAYS_S[min(attempt, len(_RETRY_DELAYS_S) - 1)]
            log.warning("JetStream does not answer", error=str(fault), retry_in_s=delay_s)
            attempt += 1
            await asyncio.sleep(delay_s)


# ── subscribing ──────────────────────────────────────────────────────────────────────────────────


def read_event(message: Msg) -> Recorded[Event]:
    """Raises UnreadableMessageError for a type, header or body that this version does not know."""
    event, envelope = decode_event(message.subject, message.headers, message.data)
    return Recorded(
        event, envelope, message.metadata.sequence.stream, message.metadata.num_delivered
    )


def decode_event(where: str, headers: dict[str, str] | None, body: bytes) -> tuple[Event, Envelope]:
    """Decode by `ce-type`, wherever the message was found. Raises UnreadableMessageError, which
    begins with `where`, for a type, header or body that this version does not know."""
    try:
        envelope = Envelope.from_headers(headers or {})
    except (KeyError, ValueError) as fault:
        raise UnreadableMessageError(f"{where}: no CloudEvents headers: {fault}") from fault
    cls = event_class(envelope.type)
    if cls is None:
        raise UnreadableMessageError(f"{where}: unknown type {envelope.type!r}")
    try:
        return cls.model_validate_json(body), envelope
    except ValidationError as fault:
        raise UnreadableMessageError(f"{where}: {fault}") from fault


def subscribe(
    broker: NatsBroker, consumer: Consumer, handle: Callable[[Recorded[Any]], Awaitable[None]]
) -> None:
    """Handle every event of a declared consumer, one at a time.

    What `handle` raises is a fault: the message comes back after a growing delay, or after that of
    a NotYetError, and becomes a dead letter with the fault's text when its deliveries are spent. A
    message that cannot be read becomes a dead letter at once."""

    async def deliver(message: NatsMessage) -> None:
        raw = message.raw_message
        assert isinstance(raw, Msg)
        js: JetStreamContext = broker.config.connection_state.stream
        try:
            recorded = read_event(raw)
        except UnreadableMessageError as fault:
            await bury(js, consumer.name, raw, in_words(fault))
            raise RejectMessage from fault
        with about(sid=getattr(recorded.event, "sid", None), event=recorded.envelope.type):
            try:
                await handle(recorded)
            except Exception as fault:
                if isinstance(fault, NotYetError):
                    delay_s = fault.delay_s
                    log.warning("event must wait", why=str(fault), delivered=recorded.delivered)
                else:
                    delay_s = _RETRY_DELAYS_S[min(recorded.delivered, len(_RETRY_DELAYS_S)) - 1]
                    log.exception("event was not handled", delivered=recorded.delivered)
                if 0 < consumer.max_deliver <= recorded.delivered:
                    await bury(js, consumer.name, raw, in_words(fault))
                    raise RejectMessage from fault
                raise NackMessage(delay=delay_s) from fault

    broker.subscriber(
        consumer.subjects[0],
        durable=consumer.name,
        # `declare=True`, the default, would overwrite the stream's settings with FastStream's.
        stream=JStream(consumer.stream.name, declare=False),
        pull_sub=PullSub(batch_size=1, timeout=2),
    )(deliver)


async def bury(
    js: JetStreamContext, reader: str, message: Msg | RawStreamMsg, reason: str, *, key: str = ""
) -> None:
    """Copy a message into DEAD_LETTERS, with the headers it had and the reason; through outages.
    `reader` is who could not handle it. Of several copies with the same `key` the first stands.
    What is longer than 512 KiB is cut, and the header `podium-bytes` says how long it was."""
    headers = _dead_letter_headers(reader, message, reason)
    if key:
        headers[Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value] = "0"
    try:
        await through_outages(
            lambda: js.publish(
                dead_letter_subject(reader, key),
                (message.data or b"")[:_MOST_BURIED_BYTES],
                stream=DEAD_LETTERS.name,
                timeout=5,
                headers=headers,
            )
        )
    except APIError as refusal:
        if refusal.err_code != WRONG_LAST_SEQUENCE:
            raise


def in_words(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}"


def _dead_letter_headers(reader: str, message: Msg | RawStreamMsg, reason: str) -> dict[str, str]:
    """The message's own headers, where it came from and why it could not be handled."""
    # `Nats-…` are orders to the server or its own notes; a copied job's note is refused (10227).
    own = {
        name: value[:_MOST_HEADER_CHARACTERS]
        for name, value in (message.headers or {}).items()
        if not name.startswith("Nats-")
    }
    if len(message.data or b"") > _MOST_BURIED_BYTES:
        own[BYTES] = str(len(message.data or b""))
    return own | {
        REASON: " ".join(reason.split())[:_MOST_HEADER_CHARACTERS],
        READER: reader,
        SUBJECT: message.subject or "",
    }
