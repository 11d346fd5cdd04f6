"""What is asked of the boards, answered in bytes: the one way that every route takes."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import msgspec

from services.gateway.boards.search_views import search_explained
from services.gateway.boards.views import BoardEntries, BoardEntry, BoardFacets, board_entries
from services.gateway.query.answers import Answer, Answers, Encoding
from services.gateway.query.asked import Asked
from services.gateway.query.current import CurrentBoards
from services.gateway.query.engine import Found, Query, Ranked, find
from services.gateway.query.facets import facets
from services.gateway.query.formats import Format, written
from services.gateway.state.store import ViewStore

PAGE = 100
"""Rows of a page when nobody says how many. Files are whole."""


@dataclass(frozen=True)
class Answered:
    answer: Answer
    version: str
    """Of the board."""


PastBoard = Callable[[str, datetime], Awaitable[Ranked]]
"""A board as it was. Raises Refusal where nobody can tell."""


class BoardQueries:
    def __init__(self, store: ViewStore, past: PastBoard) -> None:
        self._boards = CurrentBoards(store)
        self._past = past
        self._answers = Answers()

    async def current(self, board: str) -> Ranked:
        return await self._boards.ranked(board)

    async def asked_of(self, board: str, asked: Asked) -> Ranked:
        """The board now, or as it was at the time that is asked for. Raises Refusal."""
        at = asked.moment(datetime.now(UTC))
        return await (self._past(board, at) if at else self._boards.ranked(board))

    async def entries(
        self, board: str, asked: Asked, format_: Format, encoding: Encoding
    ) -> Answered:
        """Raises Refusal for what the board cannot answer."""
        return await self._answered(
            board,
            asked,
            (asked, format_),
            encoding,
            lambda ranked: _entries(ranked, asked, format_),
        )

    async def facets(self, board: str, asked: Asked, encoding: Encoding) -> Answered:
        """Raises Refusal for what the board cannot answer."""
        return await self._answered(
            board, asked, (asked, "facets"), encoding, lambda ranked: _facets(ranked, asked)
        )

    async def _answered(
        self,
        board: str,
        asked: Asked,
        question: Hashable,
        encoding: Encoding,
        make: Callable[[Ranked], bytes],
    ) -> Answered:
        ranked = await self.asked_of(board, asked)
        version = ranked.snapshot.version
        answer = await self._answers.get((board, version, question), encoding, lambda: make(ranked))
        return Answered(answer, version)


def _entries(ranked: Ranked, asked: Asked, format_: Format) -> bytes:
    columns = ranked.snapshot.columns
    if format_ is not Format.JSON:
        shown = asked.shown(columns)
        return written(find(ranked, asked.query(columns)).rows, shown, format_)
    query = asked.paged(PAGE).query(columns)
    found = find(ranked, query)
    board = ranked.snapshot.board
    return msgspec.json.encode(
        BoardEntries(
            items=_items(ranked, query, found),
            board=board.name,
            board_version=board.version,
            total=found.total,
            next=asked.address(f"/api/v1/boards/{board.name}/entries", after=found.next)
            if found.next
            else None,
            search=search_explained(query.search),
            weights=dict(query.weighting.weights) or dict.fromkeys(columns.tasks, 1.0),
        )
    )


def _items(ranked: Ranked, query: Query, found: Found) -> tuple[BoardEntry, ...]:
    columns = ranked.snapshot.columns
    if query.dynamic or query.weighting.weights:
        return board_entries(found.rows, columns)
    rows = ranked.rows(query.weighting)
    written = ranked.written.at(
        found.places.to_list(), lambda places: board_entries(rows[places], columns)
    )
    # Within an answer, what is written already is as good as what is to be written.
    return cast(tuple[BoardEntry, ...], written)


def _facets(ranked: Ranked, asked: Asked) -> bytes:
    query = asked.paged(1).query(ranked.snapshot.columns)
    return msgspec.json.encode(
        BoardFacets(
            items=facets(ranked, query),
            board=ranked.snapshot.board.name,
            total=find(ranked, query).total,
        )
    )
