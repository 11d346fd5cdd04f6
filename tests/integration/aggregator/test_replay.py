"""A long log that several processes have folded is as if one had."""

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.evaluation import EvaluationFinished
from contracts.topology import EVENTS, VIEWS
from contracts.vote import VoteCast
from tests.integration.aggregator.aggregating import (
    aggregating,
    last_sequence,
    publish,
    views_in_stream,
    views_when,
)
from tests.unit.aggregator.story import sid_of
from tests.unit.aggregator.test_long_logs import ONE, STORY


async def test_several_processes_arrive_at_the_same_views(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *STORY)
    async with aggregating(nats_url):
        by_one = await views_in_stream(client)

    await jetstream.delete_stream(VIEWS.name)
    async with aggregating(nats_url, replay_from=1):
        assert await views_in_stream(client) == by_one


async def test_one_process_folds_all_where_others_end_before_their_time(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await publish(jetstream, *STORY)
    async with aggregating(nats_url):
        by_one = await views_in_stream(client)

    await jetstream.delete_stream(VIEWS.name)
    # The processes are told so, and do not start; the aggregator of the test was told otherwise.
    monkeypatch.setenv("AGGREGATOR_SNAPSHOT_EVERY", "none")
    async with aggregating(nats_url, replay_from=1):
        assert await views_in_stream(client) == by_one


async def test_what_happens_afterwards_follows(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *STORY)
    async with aggregating(nats_url, replay_from=1):
        before = await last_sequence(jetstream)
        await publish(jetstream, VoteCast(sid=sid_of(ONE), voter="grace"))

        standing = await views_when(
            client, lambda views: any(b'"grace"' in body for body in views.values())
        )
    assert await last_sequence(jetstream) == before + 1
    await jetstream.delete_stream(VIEWS.name)
    async with aggregating(nats_url):
        assert await views_in_stream(client) == standing


@pytest.mark.parametrize("type_name", [EvaluationFinished.type_name(), "podium.v1.unheard.of", ""])
async def test_what_cannot_be_read_is_skipped_and_counted(
    nats_url: str, client: Client, jetstream: JetStreamContext, type_name: str
) -> None:
    headers = {
        "ce-type": type_name,
        "ce-id": "00000000-0000-0000-0000-000000000001",
        "ce-source": "test",
        "ce-time": "2025-03-01T08:00:00Z",
    }
    subject = f"podium.v1.evaluation.finished.{sid_of(ONE)}.9"
    await jetstream.publish(subject, b"{}", stream=EVENTS.name, headers=headers)
    await jetstream.publish("podium.v1.vote.short", b"{}", stream=EVENTS.name)
    await publish(jetstream, *STORY)

    async with aggregating(nats_url, replay_from=1) as aggregator:
        assert aggregator.unreadable == 2
        assert await views_in_stream(client)
