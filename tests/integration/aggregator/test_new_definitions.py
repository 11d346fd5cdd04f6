"""A board's definition changes between two starts of the aggregator."""

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.board import BoardDefined
from contracts.topology import VIEWS
from contracts.views import Entry, Rescoring
from tests.bus import all_events, next_event, next_view
from tests.integration.aggregator.aggregating import (
    aggregating,
    last_sequence,
    publish,
    views_in_stream,
)
from tests.unit.aggregator.story import BOARD
from tests.unit.aggregator.test_rescoring import FIRST, HARDER


async def test_a_new_definition_scores_all_rows_again_and_says_which_moved(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url):
        await publish(jetstream, *FIRST)
        await next_view(client, Entry, lambda entry: not entry.provisional)
        await next_event(client, BoardDefined)

    async with aggregating(nats_url, board=HARDER):
        rescoring = await next_view(client, Rescoring)
        entry = await next_view(client, Entry, lambda entry: entry.board_version == 4)
    standing, sequence = await views_in_stream(client), await last_sequence(jetstream)
    # A later start finds it out again, and takes back nothing meanwhile.
    async with aggregating(nats_url, board=HARDER):
        assert await last_sequence(jetstream) == sequence

    [move] = rescoring.moves
    assert (move.repo_id, move.before, move.after) == ("acme/first", 81.875, entry.average)
    # Everything follows from EVENTS, what has moved included.
    await jetstream.delete_stream(VIEWS.name)
    async with aggregating(nats_url, board=HARDER):
        await next_view(client, Rescoring)
        assert await views_in_stream(client) == standing


async def test_a_definition_is_told_of_once(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    for _ in range(2):
        async with aggregating(nats_url):
            await next_event(client, BoardDefined)

    async with aggregating(nats_url, board=HARDER):
        await next_event(client, BoardDefined, lambda event: event.definition == HARDER)
        events = await all_events(client)

    assert [event.definition for event in events if isinstance(event, BoardDefined)] == [
        BOARD,
        HARDER,
    ]
