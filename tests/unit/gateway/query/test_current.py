"""Snapshots follow the store."""

import asyncio

from services.gateway.query.current import CurrentBoards
from services.gateway.state.store import ViewStore
from tests.unit.gateway.examples import a_board, an_entry


class Boards:
    """A store with the board `demo`, as the gateway reads it."""

    def __init__(self) -> None:
        self.store = ViewStore()
        self.store.begin("e1")
        self._sequence = 0
        self.put(a_board())
        self.current = CurrentBoards(self.store)

    def put(self, view: object, *, gone: bool = False) -> None:
        self._sequence += 1
        body = b"" if gone else view.model_dump_json().encode()  # type: ignore[attr-defined]
        self.store.put(view.subject(), body, self._sequence)  # type: ignore[attr-defined]

    async def models(self) -> list[str]:
        ranked = await self.current.ranked("demo")
        return sorted(ranked.snapshot.rows["model"])

    async def version(self) -> str:
        return (await self.current.ranked("demo")).snapshot.version


async def test_every_change_is_seen_by_who_asks_after_it() -> None:
    boards = Boards()
    assert await boards.models() == []

    for place in range(20):
        boards.put(an_entry(f"acme/{place:02}"))
        assert len(await boards.models()) == place + 1
    boards.put(an_entry("acme/07"), gone=True)
    boards.put(an_entry("acme/08").model_copy(update={"repo_id": "bob/renamed"}))

    assert len(models := await boards.models()) == 19
    assert "bob/renamed" in models
    assert "acme/07" not in models


async def test_a_board_is_made_before_anybody_asks() -> None:
    boards = Boards()
    boards.put(an_entry())

    for prepare in boards.store.before_ready:
        await prepare()

    assert list(boards.store.take_changes("demo", everything=False).rows) == []
    assert await boards.models() == ["acme/tiny"]


async def test_another_definition_of_the_board_begins_anew() -> None:
    boards = Boards()
    boards.put(an_entry())
    assert "grammar" in (await boards.current.ranked("demo")).snapshot.columns

    boards.put(a_board(tasks=("facts",)))

    ranked = await boards.current.ranked("demo")
    assert "grammar" not in ranked.snapshot.columns
    assert await boards.models() == ["acme/tiny"]


async def test_another_stream_begins_anew() -> None:
    boards = Boards()
    boards.put(an_entry("acme/before"))
    assert await boards.models() == ["acme/before"]

    boards.store.begin("e2")
    boards.put(a_board())
    boards.put(an_entry("acme/after"))

    assert await boards.models() == ["acme/after"]


async def test_the_version_changes_with_the_board_and_with_nothing_else() -> None:
    boards = Boards()
    boards.put(an_entry())
    before = await boards.version()

    boards.put(a_board("other"))
    boards.put(an_entry(board="other"))
    assert await boards.version() == before

    boards.put(an_entry(facts=1.0))
    assert await boards.version() != before


async def test_many_askers_share_one_update() -> None:
    boards = Boards()
    boards.put(an_entry())

    ranked = await asyncio.gather(*(boards.current.ranked("demo") for _ in range(10)))

    assert len({id(one) for one in ranked}) == 1
