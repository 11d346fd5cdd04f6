"""Waiting for what happens on the bus: always with a time limit, never with a sleep."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.base import Event, View
from contracts.registry import view_class
from contracts.topology import EVENTS, JOBS, VIEWS, Consumer
from runtime.bus import Recorded, UnreadableMessageError, read_event
from runtime.follow import follow
from tests.waiting import HANGS_S, until_answered

E = TypeVar("E", bound=Event)
V = TypeVar("V", bound=View)


async def next_event(
    client: Client,
    kind: type[E],
    where: Callable[[E], bool] = lambda _: True,
    timeout_s: float = HANGS_S,
) -> Recorded[E]:
    """The first event of this kind in the stream that fulfils `where`."""
    async with asyncio.timeout(timeout_s):
        async for batch in follow(client, EVENTS.name):
            for message in batch.messages:
                try:
                    recorded = read_event(message)
                except UnreadableMessageError:
                    continue
                if isinstance(recorded.event, kind) and where(recorded.event):
                    return Recorded(
                        recorded.event, recorded.envelope, recorded.sequence, recorded.delivered
                    )
    raise AssertionError("follow never ends")


async def next_view(
    client: Client,
    kind: type[V],
    where: Callable[[V], bool] = lambda _: True,
    timeout_s: float = HANGS_S,
) -> V:
    """The first view of this kind that fulfils `where`, as it stands or comes."""
    async with asyncio.timeout(timeout_s):
        async for batch in follow(client, VIEWS.name):
            for message in batch.messages:
                if view_class(message.subject) is kind and message.data:
                    view = kind.model_validate_json(message.data)
                    if where(view):
                        return view
    raise AssertionError("follow never ends")


async def all_events(client: Client) -> list[Event]:
    """Every event in the stream now, in order; messages that are none are left out."""
    events: list[Event] = []
    async for batch in follow(client, EVENTS.name):
        for message in batch.messages:
            with suppress(UnreadableMessageError):
                events.append(read_event(message).event)
        if batch.caught_up:
            break
    return events


async def until_copied(js: JetStreamContext, jobs: int) -> None:
    """Until the server has made so many jobs in all. It copies what is accepted into JOBS some time
    after it has answered whoever published it."""

    async def are_there() -> bool:
        return (await js.stream_info(JOBS.name)).state.last_seq >= jobs

    await until_answered(are_there)


async def until_no_job_is_left(js: JetStreamContext) -> None:
    """The server takes a job off the queue some time after it has answered who acknowledged it."""

    async def is_empty() -> bool:
        return not (await js.stream_info(JOBS.name)).state.messages

    await until_answered(is_empty)


async def has_handled_all(js: JetStreamContext, consumer: Consumer) -> bool:
    """Whether its readers are done with everything that stood in the stream when this was asked.
    What a consumer says is pending lacks the newest for a moment."""
    newest = 0
    for subject in consumer.subjects:
        with suppress(NotFoundError):
            message = await js.get_last_msg(consumer.stream.name, subject)
            newest = max(newest, message.seq or 0)
    info = await js.consumer_info(consumer.stream.name, consumer.name)
    delivered = info.delivered.stream_seq if info.delivered else 0
    return delivered >= newest and not info.num_pending and not info.num_ack_pending
