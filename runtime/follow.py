"""Read a stream in order, from any point, for ever: what a fold and a read model stand on."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header

log = structlog.get_logger(__name__)

_HEARTBEAT_S = 2.0
_SILENCE_S = 3 * _HEARTBEAT_S
_MOST_AT_ONCE = 1000
# Of a heartbeat that is sent while the server waits for an answer to its flow control: where to.
_STALLED = "Nats-Consumer-Stalled"


@dataclass(frozen=True)
class Batch:
    """Messages in stream order."""

    messages: tuple[Msg, ...]
    caught_up: bool
    """Nothing newer stood in the stream when the last of these was sent. Where the server is in
    error about that, an empty batch says it a heartbeat later."""
    stream_created: datetime | None
    """When the stream was created: a new value means another stream, read from its beginning."""


@dataclass
class Place:
    """The message that was read last."""

    created: datetime | None = None
    """When its stream was created."""
    sequence: int = 0


class _Gap(Exception):
    """The consumer is gone or skipped a message."""


async def follow(
    client: Client, stream: str, *, since: Place | None = None, headers_only: bool = False
) -> AsyncGenerator[Batch, None]:
    """Every message of the stream in order, then each new one as it comes. Outages, restarts of the
    server and loss of the consumer are survived; a stream that was deleted and created again is
    read from its beginning. With `since` what stands before that place is left out, unless the
    stream is another. With `headers_only` bodies are empty, and their size is a header.

    The consumer is ephemeral and unacknowledged, like the ordered consumer of other NATS clients;
    nats-py's own does not recover when the stream is replaced."""
    position = Place(since.created, since.sequence) if since else Place()
    while True:
        try:
            async for batch in _follow_one_consumer(client, stream, position, headers_only):
                yield batch
        except (_Gap, NatsError, TimeoutError) as fault:
            log.warning(
                "reading was interrupted; continuing",
                stream=stream,
                after=position.sequence,
                error=str(fault) or type(fault).__name__,
            )
            await asyncio.sleep(0.5)


async def _follow_one_consumer(
    client: Client, stream: str, position: Place, headers_only: bool
) -> AsyncGenerator[Batch, None]:
    js = client.jetstream()
    created = (await js.stream_info(stream)).created
    if created != position.created:
        position.created, position.sequence = created, 0
    inbox = client.new_inbox()
    # A message through `next_msg` costs two tasks, which is most of what reading takes.
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await client.subscribe(inbox, cb=arrived.put)
    try:
        info = await js.add_consumer(
            stream,
            ConsumerConfig(
                deliver_subject=inbox,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=position.sequence + 1,
                ack_policy=AckPolicy.NONE,
                max_deliver=1,
                headers_only=headers_only or None,
                mem_storage=True,
                inactive_threshold=30,
                idle_heartbeat=_HEARTBEAT_S,
                flow_control=True,
            ),
        )
        if is_at_end := info.num_pending == 0:
            yield Batch((), True, created)
        expected = 1
        while True:
            if messages := await _next_messages(client, arrived, expected):
                expected += len(messages)
                last = messages[-1].metadata
                position.sequence = last.sequence.stream
                is_at_end = last.num_pending == 0
            elif is_at_end:
                continue
            else:
                # A message that is replaced while it is on its way may stay among those pending
                # (nats-server 2.15). What is idle has nothing left to send.
                is_at_end = True
            yield Batch(tuple(messages), is_at_end, created)
    finally:
        if client.is_connected:
            await subscription.unsubscribe()


async def _next_messages(client: Client, arrived: asyncio.Queue[Msg], expected: int) -> list[Msg]:
    """At least one message and whatever else has arrived already; empty after a heartbeat, which
    says that there is nothing left to send."""
    messages: list[Msg] = []
    while len(messages) < _MOST_AT_ONCE and not (messages and arrived.empty()):
        if arrived.empty():
            async with asyncio.timeout(_SILENCE_S):
                message = await arrived.get()
        else:
            message = arrived.get_nowait()
        headers = message.headers or {}
        if headers.get(Header.STATUS.value) == "100":
            if message.reply:  # flow control: the server waits for this answer
                await message.respond(b"")
                continue
            if int(headers.get("Nats-Last-Consumer", "0")) != expected + len(messages) - 1:
                raise _Gap("a heartbeat tells of a message that did not arrive")
            if waits_for := headers.get(_STALLED):
                # It asks once, and an answer that was lost with the connection has to be repeated.
                await client.publish(waits_for)
            elif not messages:
                return []
            continue
        if Header.STATUS.value in headers:
            raise _Gap(f"{headers[Header.STATUS.value]} {headers.get(Header.DESCRIPTION.value)}")
        if message.metadata.sequence.consumer != expected + len(messages):
            raise _Gap("a message is missing")
        messages.append(message)
    return messages
