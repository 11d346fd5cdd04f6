"""Searches over HTTP, and two gateways that answer them alike."""

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import polars as pl
import pytest
from nats.js import JetStreamContext

from services.gateway.http.errors import ErrorCode
from tests.integration.gateway.gateways import show, started_gateway, take_away
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import a_board, an_entry
from tests.waiting import until_answered

ENTRIES = "/api/v1/boards/demo/entries"
ROWS = [
    an_entry(f"{owner}/model-{place:02}", facts=float(place % 11), grammar=float(place % 4))
    for place, owner in enumerate(["acme", "bob"] * 30)
]


@pytest.fixture
async def two(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Clients of two gateways that have read the same rows."""
    await show(jetstream, a_board(), *ROWS)
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            gateway = await stack.enter_async_context(started_gateway(nats_url, hub, tmp_path))
            await gateway.until_ready()
            client = httpx.AsyncClient(base_url=gateway.url, timeout=30)
            clients.append(await stack.enter_async_context(client))
        yield clients[0], clients[1]


async def test_two_gateways_give_the_same_pages_and_tags(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient], jetstream: JetStreamContext
) -> None:
    address: str | None = f"{ENTRIES}?search=-zzz&sort=-grammar,facts&limit=7"
    found: list[str] = []
    turn = 0

    while address:
        asked = [await client.get(address) for client in two]
        assert asked[0].content == asked[1].content
        for header in ("ETag", "Podium-Board-Version"):
            assert asked[0].headers[header] == asked[1].headers[header]
        # The next page from the other one, with a tag that this one gave out.
        again = await two[turn % 2].get(
            address, headers={"If-None-Match": asked[0].headers["ETag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        page = asked[turn % 2].json()
        found += [entry["request_id"] for entry in page["items"]]
        address = page["next"]
        turn += 1

    assert page["total"] == len(ROWS)
    assert len(found) == len(set(found)) == len(ROWS)
    assert turn == 9


async def test_turns_of_two_gateways_show_each_row_that_stays_once_while_others_change(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient], jetstream: JetStreamContext
) -> None:
    address: str | None = f"{ENTRIES}?sort=rank&limit=7"
    passing, staying = ROWS[::3], {row.sid for row in ROWS} - {row.sid for row in ROWS[::3]}
    found: list[str] = []
    turn = 0

    while address:
        page = (await two[turn % 2].get(address)).json()
        found += [entry["request_id"] for entry in page["items"]]
        address = page["next"]
        await show(jetstream, an_entry(f"carol/new-{turn}", facts=float(turn), grammar=9.0))
        await take_away(jetstream, passing[turn])
        await show(jetstream, passing[-turn - 1].model_copy(update={"average": 99.0 - turn}))
        turn += 1

    assert turn >= 8
    assert sorted(sid for sid in found if sid in staying) == sorted(staying)


async def test_an_answer_keeps_its_tag_while_it_is_the_same(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient], jetstream: JetStreamContext
) -> None:
    http = two[0]
    before = await http.get(f"{ENTRIES}?search=@model:=acme/model-00")

    await show(jetstream, an_entry("carol/new", facts=0.0, grammar=0.0))

    async def shows_the_new_one() -> httpx.Response | None:
        answer = await http.get(ENTRIES)
        return answer if answer.json()["total"] > len(ROWS) else None

    now = await until_answered(shows_the_new_one)
    assert now
    same = await http.get(
        f"{ENTRIES}?search=@model:=acme/model-00", headers={"If-None-Match": before.headers["ETag"]}
    )
    assert same.status_code == 304
    assert same.headers["Podium-Board-Version"] == now.headers["Podium-Board-Version"]
    assert same.headers["Podium-Board-Version"] != before.headers["Podium-Board-Version"]


async def test_a_board_is_a_file_in_the_format_a_client_accepts(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    http = two[0]
    columns = "columns=rank,model,facts"

    parquet = await http.get(f"{ENTRIES}?{columns}&format=parquet")
    csv = await http.get(f"{ENTRIES}?{columns}", headers={"Accept": "text/csv"})
    packed = await http.get(f"{ENTRIES}?{columns}&format=csv", headers={"Accept-Encoding": "gzip"})

    rows = pl.read_parquet(io.BytesIO(parquet.content))
    assert rows.height == len(ROWS)
    assert rows.equals(pl.read_csv(csv.content))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == csv.content
    assert csv.headers["Content-Type"].startswith("text/csv")


async def test_a_search_comes_back_explained_and_its_faults_have_places(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    http = two[0]

    found = (await http.get(ENTRIES, params={"search": "acme -@facts:<5; @model:^bob.*01$"})).json()
    wrong = await http.get(ENTRIES, params={"search": "acme ["})
    unknown = await http.get(ENTRIES, params={"sort": "-quality"})
    explained = (
        await http.get("/api/v1/search/explain", params={"search": "@params:>7", "board": "demo"})
    ).json()

    assert found["search"]["explanation"] == (
        "Model contains “acme” and Facts is not below 5; or Model matches the pattern ^bob.*01$"
    )
    assert {row["model"] for row in found["items"]} == {
        row.repo_id
        for row in ROWS
        if (row.repo_id.startswith("acme") and row.scores["facts"].normalized >= 5)
        or row.repo_id == "bob/model-01"
    }
    assert_error(wrong, 422, ErrorCode.INVALID_SEARCH)
    assert wrong.json()["error"]["details"] == {"parameter": "search", "start": 5, "end": 6}
    assert_error(unknown, 422, ErrorCode.FIELD_UNKNOWN)
    assert explained["alternatives"][0][0]["field"] == "parameters"


async def test_facets_and_columns_tell_what_can_be_asked(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    http = two[0]

    facets = (await http.get("/api/v1/boards/demo/facets", params={"search": "acme"})).json()
    columns = (await http.get("/api/v1/boards/demo/columns")).json()["items"]

    assert facets["total"] == 30
    by_name = {facet["parameter"]: facet["options"] for facet in facets["items"]}
    assert by_name["precision"] == [
        {"value": "bfloat16", "label": "bfloat16", "count": 30, "chosen": False}
    ]
    assert {"facts", "facts_raw", "facts_stderr", "license", "rank"} <= {
        column["name"] for column in columns
    }


async def test_the_page_searches_with_a_plain_form(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    http = two[0]

    page = await http.get("/boards/demo", params={"search": 'bob @facts:>=9; "<script>"'})
    wrong = await http.get("/boards/demo", params={"search": "["}, headers={"Accept": "text/html"})

    for term in ("Model contains “bob”", "Facts is at least 9"):
        assert f">{term}</span>" in page.text
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text.replace("<script ", "")
    assert "bob/" in page.text
    assert "acme/model" not in page.text
    assert wrong.status_code == 422
    assert "unclosed character class" in wrong.text
