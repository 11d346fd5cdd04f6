"""Starts from a snapshot lead where a full fold leads, and whatever does not fit is left alone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ObjectMeta
from nats.js.errors import NotFoundError
from structlog.testing import capture_logs

from contracts.board import Board
from contracts.moderation import ModelFlagged
from contracts.topology import EVENTS, SNAPSHOTS_BUCKET, VIEWS
from contracts.views import Rescoring
from contracts.vote import VoteCast
from runtime.topology import ensure_topology
from services.aggregator.app import Aggregator
from tests.bus import next_view
from tests.integration.aggregator.aggregating import (
    aggregating,
    last_sequence,
    publish,
    until_equal,
    views_in_stream,
)
from tests.unit.aggregator import test_long_logs
from tests.unit.aggregator.story import BOARD, defined, sid_of
from tests.unit.aggregator.test_long_logs import ONE
from tests.waiting import until_answered

# With its definition, so that no aggregator has one to tell.
STORY = (defined(), *test_long_logs.STORY)
LATER = (
    VoteCast(sid=sid_of(ONE), voter="grace"),
    ModelFlagged(repo_id="acme/two", reason="Trained on tests.", by="mod"),
)


async def snapshots(js: JetStreamContext) -> list[str]:
    store = await js.object_store(SNAPSHOTS_BUCKET)
    try:
        return [info.name for info in await store.list(ignore_deletes=True)]
    except NotFoundError:
        return []


@asynccontextmanager
async def keeping_snapshots(nats_url: str, board: Board = BOARD) -> AsyncIterator[Aggregator]:
    """Keeps one after each event."""
    async with aggregating(nats_url, board=board, snapshot_every=1) as aggregator:
        yield aggregator


async def leave_a_snapshot(nats_url: str, js: JetStreamContext) -> None:
    before = await snapshots(js)
    async with keeping_snapshots(nats_url):

        async def is_there() -> bool:
            return bool(set(await snapshots(js)) - set(before))

        await until_answered(is_there)


async def views_of_a_full_fold(
    nats_url: str, client: Client, js: JetStreamContext, board: Board = BOARD
) -> dict[str, bytes]:
    """With nothing of what stands, and without snapshots."""
    for stream in (VIEWS.name, f"OBJ_{SNAPSHOTS_BUCKET}"):
        await js.delete_stream(stream)
    async with aggregating(nats_url, board=board):
        if board != BOARD:
            await next_view(client, Rescoring)
        return await views_in_stream(client)


def starts(logs: Sequence[Mapping[str, object]]) -> list[object]:
    """From which events on, and why not."""
    return [
        line.get("events") or line.get("why")
        for line in logs
        if line["event"] in ("going on from a snapshot", "a snapshot is of no use")
    ]


async def test_a_start_from_a_snapshot_publishes_what_a_full_fold_would(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *STORY)
    await leave_a_snapshot(nats_url, jetstream)
    await publish(jetstream, *LATER)

    with capture_logs() as logs:
        async with aggregating(nats_url):
            standing = await views_in_stream(client)

    assert starts(logs) == [len(STORY)]
    assert standing == await views_of_a_full_fold(nats_url, client, jetstream)


async def test_views_that_were_deleted_come_back_from_a_snapshot(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *STORY)
    await leave_a_snapshot(nats_url, jetstream)
    await jetstream.delete_stream(VIEWS.name)

    async with aggregating(nats_url):
        standing = await views_in_stream(client)

    assert standing == await views_of_a_full_fold(nats_url, client, jetstream)


async def test_a_start_from_a_snapshot_publishes_nothing_when_nothing_has_happened(
    nats_url: str, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *STORY)
    await leave_a_snapshot(nats_url, jetstream)
    before = await last_sequence(jetstream)

    async with aggregating(nats_url):
        assert await last_sequence(jetstream) == before


async def test_a_snapshot_of_other_boards_is_left_alone(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *STORY)
    await leave_a_snapshot(nats_url, jetstream)
    changed = BOARD.model_copy(update={"tasks": BOARD.tasks[:1], "version": 4})

    with capture_logs() as logs:
        async with aggregating(nats_url, board=changed):
            await next_view(client, Rescoring)
            standing = await views_in_stream(client)

    assert starts(logs) == ["the boards' definitions have changed"]
    assert standing == await views_of_a_full_fold(nats_url, client, jetstream, changed)


async def test_a_snapshot_of_another_stream_is_left_alone(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *STORY)
    await leave_a_snapshot(nats_url, jetstream)
    await jetstream.delete_stream(EVENTS.name)
    await ensure_topology(jetstream)
    await publish(jetstream, *STORY[:7])

    with capture_logs() as logs:
        async with aggregating(nats_url):
            standing = await views_in_stream(client)

    assert starts(logs) == ["EVENTS is another stream"]
    assert standing == await views_of_a_full_fold(nats_url, client, jetstream)


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("{}", "missing"),
        (None, "shorter than it says"),
    ],
)
async def test_a_damaged_snapshot_is_left_alone(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    description: str | None,
    why: str,
) -> None:
    """`description` None: it says what it should, and holds half."""
    await publish(jetstream, *STORY)
    await leave_a_snapshot(nats_url, jetstream)
    store = await jetstream.object_store(SNAPSHOTS_BUCKET)
    for name in await snapshots(jetstream):
        whole = await store.get(name)
        damaged = ObjectMeta(
            description=whole.info.description if description is None else description
        )
        await store.put(name, (whole.data or b"")[:-10], damaged)

    with capture_logs() as logs:
        async with aggregating(nats_url):
            standing = await views_in_stream(client)

    assert all(why in str(start) for start in starts(logs))
    assert starts(logs)
    assert standing == await views_of_a_full_fold(nats_url, client, jetstream)


async def test_without_the_bucket_everything_is_folded(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await jetstream.delete_stream(f"OBJ_{SNAPSHOTS_BUCKET}")
    await publish(jetstream, *STORY)

    async with keeping_snapshots(nats_url):
        assert await views_in_stream(client)


async def test_few_snapshots_are_kept(nats_url: str, jetstream: JetStreamContext) -> None:
    async def sequences() -> list[str]:
        return [name.split("-")[1] for name in sorted(await snapshots(jetstream))]

    async with keeping_snapshots(nats_url):
        # The first event is the board's definition, which the aggregator tells itself.
        await until_equal(sequences, ["1"])
        await publish(jetstream, STORY[1])
        await until_equal(sequences, ["1", "2"])
        await publish(jetstream, STORY[2])
        await until_equal(sequences, ["2", "3"])


async def test_two_aggregators_that_keep_snapshots_agree(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with keeping_snapshots(nats_url), keeping_snapshots(nats_url):
        await publish(jetstream, *STORY[1:])

        async def both_kept_the_last() -> bool:
            last = [name for name in await snapshots(jetstream) if f"-{len(STORY)}-" in name]
            return len(last) == 2

        await until_answered(both_kept_the_last)
        of_two = await views_in_stream(client)

    with capture_logs() as logs:
        async with aggregating(nats_url):
            assert await views_in_stream(client) == of_two
    assert starts(logs) == [len(STORY)]
    assert of_two == await views_of_a_full_fold(nats_url, client, jetstream)
