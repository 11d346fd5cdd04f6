"""Waiting for what happens on the bus: always with a time limit, never with a sleep."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from nats.aio.client import Client

from contracts.base import Event, View
from contracts.registry import view_class
from contracts.topology import EVENTS, VIEWS
from runtime.bus import Recorded, UnreadableMessageError, read_event
from runtime.follow import follow

E = TypeVar("E", bound=Event)
V = TypeVar("V", bound=View)


async def next_event(
    client: Client,
    kind: type[E],
    where: Callable[[E], bool] = lambda _: True,
    timeout_s: float = 20,
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
    timeout_s: float = 20,
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
