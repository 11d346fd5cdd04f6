"""A board as it was, asked of an aggregator."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.js import JetStreamContext

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.moderation import ModelFlagged
from contracts.past import PastBoardAsked
from contracts.views import Entry
from runtime.bus import publish_event_until_stored
from services.aggregator.past import Past
from services.aggregator.past_answers import answer_about_the_past
from services.gateway.boards.past import PastBoards
from services.gateway.http.errors import ErrorCode, Refusal
from tests.integration.aggregator.aggregating import aggregating
from tests.integration.gateway.gateways import started_gateway
from tests.unit.aggregator.story import MORNING
from tests.unit.aggregator.test_rescoring import life
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import NOON, a_board, a_store, an_entry
from tests.waiting import until_answered

ENTRIES = "/api/v1/boards/demo/entries"
ROWS = 3000


async def publish_day_by_day(js: JetStreamContext, *events: Event) -> None:
    for day, event in enumerate(events):
        envelope = Envelope(event.type_name(), "test", time=MORNING + timedelta(days=day))
        await publish_event_until_stored(js, event, envelope)


async def test_every_answer_about_a_board_can_be_of_another_day(
    nats_url: str, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    flag = ModelFlagged(repo_id="acme/first", reason="Trained on MuSR.", by="mod")
    story = (*life("acme/first", 0.8, 0.9), flag, *life("acme/latecomer", 0.9, 0.9))
    await publish_day_by_day(jetstream, *story)
    nobody = "http://127.0.0.1:9"
    async with aggregating(nats_url), started_gateway(nats_url, nobody, tmp_path) as gateway:
        await gateway.until_ready()
        await gateway.until(ENTRIES, lambda answer: answer.json().get("total") == 2)
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60) as http:

            async def as_of(when: str, path: str = ENTRIES, **more: str) -> httpx.Response:
                return await http.get(path, params={"as_of": when, **more})

            nothing = await as_of("2025-03-03")
            provisional = (await as_of("2025-03-04")).json()["items"]
            finished = (await as_of("2025-03-06")).json()["items"]
            flagged = (await as_of("2025-03-07")).json()["items"]
            moment = (await as_of("2025-03-07T07:59:59Z")).json()["items"]
            found = await as_of("2025-03-07", search="latecomer")
            file = await as_of("2025-03-07", format="csv", columns="model,flagged")
            facets = await as_of("2025-03-07", "/api/v1/boards/demo/facets")
            now = await as_of("2999-01-01")
            pages = [await as_of("2025-03-07", f"/boards/demo{one}") for one in ("", "/insights")]
            unreadable = await as_of("yesterday")
            today = (await http.get(ENTRIES)).json()

    assert nothing.json()["items"] == []
    assert [(one["model"], one["provisional"]) for one in provisional] == [("acme/first", True)]
    [row] = finished
    assert (row["rank"], row["flag"], row["provisional"]) == (1, None, False)
    assert flagged[0]["flag"]["reason"] == "Trained on MuSR."
    assert moment == finished
    assert found.json()["total"] == 0
    assert file.text == "model,flagged\nacme/first,true\n"
    assert facets.json()["total"] == 1
    assert now.json() == today
    assert [one["model"] for one in today["items"]] == ["acme/latecomer", "acme/first"]
    for page in pages:
        assert "As of 2025-03-07" in page.text
        assert "acme/first" in page.text or "acme/</span><wbr>first" in page.text
        assert "latecomer" not in page.text
    assert_error(unreadable, 422, ErrorCode.INVALID_REQUEST)


async def test_many_rows_come_in_parts_and_are_asked_for_once(client: Client) -> None:
    asked: list[str] = []

    def past(board: str) -> Past:
        asked.append(board)
        return Past(a_board(), _rows())

    boards = PastBoards(client, a_store(a_board()))
    async with answering(client, past):
        both = await asyncio.gather(boards.ranked("demo", NOON), boards.ranked("demo", NOON))
        again = await boards.ranked("demo", NOON)

    assert again is both[0] is both[1]
    assert again.snapshot.rows.height == ROWS
    assert asked == ["demo"]


async def test_without_an_aggregator_it_says_so_and_asks_again_the_next_time(
    client: Client,
) -> None:
    boards = PastBoards(client, a_store(a_board()))

    with pytest.raises(Refusal) as refused:
        await boards.ranked("demo", NOON)
    async with answering(client, lambda _: Past(a_board(), iter([an_entry()]))):
        ranked = await boards.ranked("demo", NOON)

    assert refused.value.code is ErrorCode.BUS_UNREACHABLE
    assert "No aggregator is there" in refused.value.message
    assert ranked.snapshot.rows["model"].to_list() == ["acme/tiny"]


def _rows() -> Iterator[Entry | None]:
    entry = an_entry()
    for place in range(ROWS):
        yield entry.model_copy(update={"sid": f"{place:020x}"})
        yield None


@asynccontextmanager
async def answering(client: Client, past: Callable[[str], Past]) -> AsyncIterator[None]:
    def known(board: str, _: datetime) -> Past | None:
        return past(board) if board == "demo" else None

    task = asyncio.create_task(answer_about_the_past(client, known))
    await until_answered(lambda: _is_heard(client))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _is_heard(client: Client) -> bool:
    question = PastBoardAsked(board="elsewhere", as_of=NOON)
    with suppress(NoRespondersError):
        body = question.model_dump_json().encode()
        return bool(await client.request(question.subject(), body, timeout=20))
    return False
