"""A validator in this process, on a real bus."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

from nats.js import JetStreamContext

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.submission import SubmissionDelayed, SubmissionReceived
from contracts.topology import VALIDATOR
from runtime.bus import connect, make_broker, publish_event
from services.validator.app import build_app
from services.validator.handlers import FetchFacts
from tests.bus import has_handled_all
from tests.integration.validator.judging import BOARD
from tests.waiting import HANGS_S, until_answered


@asynccontextmanager
async def validating(
    nats_url: str, fetch_facts: FetchFacts, hub_retry_s: float = 0.2
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    client = await connect(nats_url, name="validator")
    broker = make_broker(nats_url, name="validator", stop=stop)
    build_app(
        broker,
        client,
        fetch_facts=fetch_facts,
        boards={BOARD.name: BOARD},
        hub_retry_s=hub_retry_s,
    )
    async with broker:
        await broker.start()
        try:
            yield
        finally:
            stop.set()
    await client.close()


async def submit(js: JetStreamContext, event: SubmissionReceived) -> Envelope:
    envelope = Envelope.of(event, "test")
    await publish_event(js, event, envelope)
    return envelope


async def until_everything_is_handled(js: JetStreamContext, timeout_s: float = HANGS_S) -> None:
    await until_answered(partial(has_handled_all, js, VALIDATOR), timeout_s)


def verdicts(events: Iterable[Event]) -> list[Event]:
    """And what else follows from one. A busy machine's Hub may have kept them waiting."""
    before = SubmissionReceived | SubmissionDelayed
    return [event for event in events if not isinstance(event, before)]
