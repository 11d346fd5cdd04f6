"""Answers that are given again, in front of routes that count how often they are asked."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request
from litestar.di import Provide
from litestar.types import Message, Scope
from nats.aio.client import Client

from contracts.views import Entry
from services.gateway.boards import routes as boards
from services.gateway.boards.past import PastBoards
from services.gateway.http.at_hand import AtHand
from services.gateway.http.errors import answer_error
from services.gateway.http.security import add_security_headers
from services.gateway.query.parameters import provide_asked
from services.gateway.query.service import BoardQueries
from services.gateway.state.store import ViewStore
from tests.unit.gateway.examples import a_board, an_entry

ENTRIES = "/api/v1/boards/demo/entries"


class Gateway:
    """Routes of boards behind AtHand, which set a cookie for each who reaches them."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.store = ViewStore()
        self.store.begin("e1")
        self._sequence = 0
        self.reached: list[str] = []
        self.put(a_board())
        for entry in entries:
            self.put(entry)
        queries = BoardQueries(self.store, PastBoards(Client(), self.store).ranked)
        app = Litestar(
            route_handlers=[boards.list_entries, boards.list_facets, boards.get_entry],
            dependencies={
                "store": Provide(lambda: self.store, sync_to_thread=False),
                "queries": Provide(lambda: queries, sync_to_thread=False),
                "asked": Provide(provide_asked, sync_to_thread=False),
            },
            exception_handlers={Exception: answer_error},
            before_request=self._note,
            before_send=[add_security_headers, self._set_cookie],
            logging_config=None,
        )
        transport = httpx.ASGITransport(AtHand(app, self.store))  # type: ignore[arg-type]
        self.http = httpx.AsyncClient(transport=transport, base_url="http://gateway")

    def put(self, view: object) -> None:
        self._sequence += 1
        body = view.model_dump_json().encode()  # type: ignore[attr-defined]
        self.store.put(view.subject(), body, self._sequence)  # type: ignore[attr-defined]

    async def _note(self, request: Request[None, None, Any]) -> None:
        self.reached.append(request.url.path)

    async def _set_cookie(self, message: Message, scope: Scope) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"set-cookie", b"session=secret")]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway([an_entry()])
    async with gateway.http:
        yield gateway


async def test_what_was_answered_is_at_hand_until_the_board_changes(gateway: Gateway) -> None:
    first = await gateway.http.get(ENTRIES)
    again = await gateway.http.get(ENTRIES)
    assert len(gateway.reached) == 1
    assert again.content == first.content

    gateway.put(an_entry("acme/new", facts=99.0))
    fresh = await gateway.http.get(ENTRIES)

    assert len(gateway.reached) == 2
    assert fresh.json()["total"] == 2


async def test_an_answer_that_is_given_again_says_what_it_said_but_not_to_whom(
    gateway: Gateway,
) -> None:
    first = await gateway.http.get(ENTRIES)
    again = await gateway.http.get(ENTRIES)

    assert first.headers.pop("set-cookie") == "session=secret"
    assert sorted(again.headers.multi_items()) == sorted(first.headers.multi_items())
    assert "content-security-policy" in again.headers


@pytest.mark.parametrize("known", ['W/"{tag}"', '"{tag}"', '"older", W/"{tag}"'])
async def test_a_tag_that_is_known_is_answered_with_304_and_no_body(
    gateway: Gateway, known: str
) -> None:
    first = await gateway.http.get(ENTRIES)
    tag = first.headers["ETag"].removeprefix("W/").strip('"')

    again = await gateway.http.get(ENTRIES, headers={"If-None-Match": known.format(tag=tag)})

    assert (again.status_code, again.content, len(gateway.reached)) == (304, b"", 1)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Podium-Board-Version"] == first.headers["Podium-Board-Version"]
    assert "content-type" not in again.headers


async def test_a_tag_that_is_not_known_is_answered_in_full(gateway: Gateway) -> None:
    first = await gateway.http.get(ENTRIES)

    for known in ('"older"', first.headers["ETag"][:-2], "*x", ""):
        again = await gateway.http.get(ENTRIES, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (200, first.content)


@pytest.mark.parametrize(
    "headers",
    [{"Accept": "text/csv"}, {"Accept-Encoding": "identity"}, {"Authorization": "Bearer x"}],
    ids=str,
)
async def test_who_asks_otherwise_is_answered_otherwise(
    gateway: Gateway, headers: dict[str, str]
) -> None:
    await gateway.http.get(ENTRIES)
    await gateway.http.get(ENTRIES, headers=headers)

    assert len(gateway.reached) == 2


async def test_refusals_and_what_changes_by_itself_are_not_kept(gateway: Gateway) -> None:
    addresses = [
        f"{ENTRIES}?search=[",
        "/api/v1/boards/none/entries",
        f"{ENTRIES}/{an_entry().sid}",
    ]

    for address in (*addresses, *addresses):
        await gateway.http.get(address)

    assert len(gateway.reached) == 6


async def test_answers_of_another_stream_are_not_given(gateway: Gateway) -> None:
    await gateway.http.get(ENTRIES)

    gateway.store.begin("e2")
    gateway.put(a_board())
    empty = await gateway.http.get(ENTRIES)

    assert empty.json()["total"] == 0
