"""A board: its ranked rows, and what is on its way to them."""

from typing import Any

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from services.gateway.board_table import board_table
from services.gateway.boards import known_board
from services.gateway.dependencies import StoreDependency
from services.gateway.pages.shell import catch_up, shell
from services.gateway.request_queue import queue_of
from services.gateway.store import ViewStore


@get("/", include_in_schema=False)
async def show_home(store: StoreDependency) -> Template:
    if not store.boards:
        return Template("board/none.html", context=shell(store, None))
    return Template("board/page.html", context=_board_context(min(store.boards), store))


@get("/boards/{name:str}", include_in_schema=False)
async def show_board(name: FromPath[str], store: StoreDependency) -> Template:
    return Template("board/page.html", context=_board_context(name, store))


@get("/fragments/board/{name:str}", include_in_schema=False)
async def board_fragment(
    name: FromPath[str], store: StoreDependency, at: FromQuery[str | None] = None
) -> Template:
    await catch_up(store, at)
    return Template("board/_table.html", context=_board_context(name, store))


@get("/fragments/queue/{name:str}", include_in_schema=False)
async def queue_fragment(
    name: FromPath[str], store: StoreDependency, at: FromQuery[str | None] = None
) -> Template:
    await catch_up(store, at)
    return Template("board/_queue.html", context=_board_context(name, store))


def _board_context(name: str, store: ViewStore) -> dict[str, Any]:
    board = known_board(name, store)
    return shell(store, name) | {
        "board": board,
        "table": board_table(board, store.entries[name].values()),
        "queue": queue_of(name, store.requests.values(), store.progress),
        "task_titles": {task.id: task.title for task in board.tasks},
    }
