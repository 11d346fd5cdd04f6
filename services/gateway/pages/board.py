"""A board: its ranked rows, and how many are on their way to them."""

import asyncio

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from contracts.board import Board
from services.gateway.board_table import board_table
from services.gateway.boards import known_board
from services.gateway.dependencies import AskedDependency, BoardQueriesDependency
from services.gateway.pages.visit import Visit, VisitDependency
from services.gateway.query.asked import Asked
from services.gateway.query.service import BoardQueries
from services.gateway.request_queue import counted


@get("/", include_in_schema=False)
async def show_home(
    visit: VisitDependency,
    queries: BoardQueriesDependency,
    asked: AskedDependency,
) -> Template:
    board = visit.any_board()
    if board is None:
        return visit.page("no_board", {}, board=None)
    return await _page(board, visit, queries, asked)


@get("/boards/{name:str}", include_in_schema=False)
async def show_board(
    name: FromPath[str],
    visit: VisitDependency,
    queries: BoardQueriesDependency,
    asked: AskedDependency,
) -> Template:
    return await _page(known_board(name, visit.store), visit, queries, asked)


async def _page(board: Board, visit: Visit, queries: BoardQueries, asked: Asked) -> Template:
    store = visit.store
    ranked = await queries.current(board.name)
    context = {
        "table": await asyncio.to_thread(board_table, ranked, asked),
        "requests": counted(board.name, store.requests.values()),
    }
    return visit.page("board", context, board=board, parts=("table",))
