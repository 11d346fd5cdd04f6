"""An aggregator in the test's own process, and what it leaves in VIEWS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.base import Event
from contracts.board import Board
from contracts.envelope import Envelope
from contracts.topology import VIEWS
from runtime.bus import connect, publish_event_until_stored
from runtime.follow import follow
from runtime.service import Readiness
from services.aggregator.app import EVENTS_READ, VIEWS_CURRENT, Aggregator
from services.aggregator.sweep import Patience
from tests.unit.aggregator.story import BOARD
from tests.waiting import HANGS_S, until, until_answered

UNHURRIED = Patience()


@asynccontextmanager
async def aggregating(
    nats_url: str,
    patience: Patience = UNHURRIED,
    board: Board = BOARD,
    snapshot_every: int = 10_000,
    replay_from: int = 100_000,
) -> AsyncIterator[Aggregator]:
    """Yields once the views are current."""
    client = await connect(nats_url, name="aggregator")
    stop = asyncio.Event()
    readiness = Readiness(EVENTS_READ, VIEWS_CURRENT)
    aggregator = Aggregator(
        client,
        {board.name: board},
        readiness,
        patience,
        snapshot_every=snapshot_every,
        replay_from=replay_from,
    )
    task = asyncio.create_task(aggregator.run(stop))
    try:
        await until(lambda: task.done() or not readiness.missing)
        yield aggregator
    finally:
        stop.set()
        await task
        await client.close()


async def publish(js: JetStreamContext, *events: Event) -> None:
    for event in events:
        await publish_event_until_stored(js, event, Envelope.of(event, "test"))


async def views_in_stream(client: Client) -> dict[str, bytes]:
    """What stands, by subject; without what is gone."""
    views: dict[str, bytes] = {}
    async for batch in follow(client, VIEWS.name):
        views |= {message.subject: message.data for message in batch.messages}
        if batch.caught_up:
            break
    return {subject: body for subject, body in views.items() if body}


async def views_when(
    client: Client, condition: Callable[[dict[str, bytes]], bool], timeout_s: float = HANGS_S
) -> dict[str, bytes]:
    """What stands once that fulfils the condition."""
    views: dict[str, bytes] = {}
    async with asyncio.timeout(timeout_s):
        async for batch in follow(client, VIEWS.name):
            views |= {message.subject: message.data for message in batch.messages}
            standing = {subject: body for subject, body in views.items() if body}
            if batch.caught_up and condition(standing):
                return standing
    raise AssertionError("follow never ends")


async def last_sequence(js: JetStreamContext) -> int:
    return (await js.stream_info(VIEWS.name)).state.last_seq


async def until_equal(
    ask: Callable[[], Awaitable[object]], expected: object, timeout_s: float = HANGS_S
) -> None:
    """Ask the server until it answers as expected. Raises TimeoutError when it does not."""

    async def equals() -> bool:
        return await ask() == expected

    await until_answered(equals, timeout_s)
