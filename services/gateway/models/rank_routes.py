"""How the rank of a row went."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import polars as pl
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from services.gateway.boards.rescoring_routes import rescorings_of
from services.gateway.boards.routes import entry_unknown, known_board
from services.gateway.dependencies import BoardQueriesDependency, StoreDependency
from services.gateway.http.caching import is_known
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.models.ranks import History, Why, of_others, rank_history, steps
from services.gateway.query.engine import Ranked, row_of
from services.gateway.query.rows import Level
from services.gateway.state.store import ViewStore
from services.gateway.views import as_shape


class RankPoint(msgspec.Struct, frozen=True):
    """Holds until the next one."""

    at: datetime
    rank: int | None
    """Equal averages share a rank; null while it had no average."""
    of: int
    """How many rows were ranked then."""
    average: float | None
    """By the definition that held then."""
    why: Why
    """What moved it: its own `average`, that it `entered` or `left`, that the board was `rescored`,
    or `others`."""
    came: int
    """Others that came to be above it since the point before."""
    went: int
    """Others that are no longer above it."""


class RankHistory(msgspec.Struct, frozen=True):
    board: str
    request_id: str
    model: str
    points: tuple[RankPoint, ...]
    """The oldest first; empty before the first average. Where others have moved it hundreds of
    times, each so many-th time is kept, and what led to it counts with it."""


@get(
    "/api/v1/boards/{name:str}/entries/{sid:str}/ranks",
    operation_id="getRankHistory",
    tags=["boards"],
    responses={
        HTTP_200_OK: ResponseSpec(RankHistory, generate_examples=False),
        **refuses(ErrorCode.BOARD_UNKNOWN, ErrorCode.ENTRY_UNKNOWN),
    },
)
async def get_rank_history(
    name: FromPath[str],
    sid: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
    request: Request[Any, Any, Any],
) -> Response[RankHistory] | Response[bytes]:
    """Since when its rank was which, and what moved it. A row that was imported counts from when
    its model was submitted where it comes from."""
    known_board(name, store)
    ranked = await queries.current(name)
    headers = {"ETag": f'W/"{ranked.snapshot.version}"', "Cache-Control": "no-cache"}
    if is_known(headers["ETag"], request.headers.get("If-None-Match", "")):
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    row = known_row(ranked, sid)
    found = await asyncio.to_thread(ranks_of, ranked, row, store)
    points = as_shape(tuple[RankPoint, ...], found.points)
    return Response(RankHistory(name, sid, row["model"][0], points), headers=headers)


def known_row(ranked: Ranked, sid: str) -> pl.DataFrame:
    """Raises Refusal for a request without a row."""
    row = row_of(ranked, sid)
    if row.is_empty():
        raise entry_unknown(ranked.snapshot.board.name, sid)
    return row


def ranks_of(ranked: Ranked, row: pl.DataFrame, store: ViewStore) -> History:
    """`row` is one of the board's."""
    board, sid = ranked.snapshot.board.name, row["id"][0]
    levels = ranked.snapshot.levels.filter(pl.col("id") == sid)
    own = [Level(since, average) for since, average in levels.select("since", "average").rows()]
    departed = [
        (gone.sid, [Level(level.since, level.average) for level in gone.averages])
        for gone in tuple(store.departed[board].values())
    ]
    others = of_others(ranked.derived(steps), sid, departed)
    rescored = {one.at for one in rescorings_of(board, store)}
    times = [*(level.since for level in own), *others["at"].tail(1)]
    return History(rank_history(own, others, rescored), max(times, default=None))
