"""The pages, and the parts of them that a browser fetches again when something changes."""

import asyncio
from contextlib import suppress
from typing import Any

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from contracts.views import Request
from services.gateway.access import Caller
from services.gateway.actions import Action, Actions
from services.gateway.board_table import board_table
from services.gateway.boards import known_board
from services.gateway.dependencies import (
    ActionsDependency,
    CallerDependency,
    EventLogDependency,
    StoreDependency,
)
from services.gateway.request_queue import queue_of
from services.gateway.requests import known_request
from services.gateway.store import Version, ViewStore

_CATCH_UP_S = 2.0
_DONE: dict[str, str] = {
    Action.CANCEL: "It is being cancelled; this page shows it within a moment.",
    Action.RERUN: "It runs once more; this page shows it within a moment.",
    Action.VOTE: "Your vote counts.",
    Action.PROMOTE: "It moves to the high lane within a moment.",
}


@get("/", include_in_schema=False)
async def show_home(store: StoreDependency) -> Template:
    if not store.boards:
        return Template("no_board.html", context=_live(store, None))
    return Template("board.html", context=_board_context(min(store.boards), store))


@get("/boards/{name:str}", include_in_schema=False)
async def show_board(name: FromPath[str], store: StoreDependency) -> Template:
    return Template("board.html", context=_board_context(name, store))


@get("/requests/{sid:str}", include_in_schema=False)
async def show_request(
    sid: FromPath[str],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
    done: FromQuery[str] = "",
) -> Template:
    """`done` is what a form of this page has just done."""
    request = await known_request(sid, store, event_log)
    context = _request_context(request, store, actions, caller)
    return Template("request.html", context=context | {"done": _DONE.get(done)})


@get("/fragments/board/{name:str}", include_in_schema=False)
async def board_fragment(
    name: FromPath[str], store: StoreDependency, at: FromQuery[str | None] = None
) -> Template:
    await _catch_up(store, at)
    return Template("_board.html", context=_board_context(name, store))


@get("/fragments/queue/{name:str}", include_in_schema=False)
async def queue_fragment(
    name: FromPath[str], store: StoreDependency, at: FromQuery[str | None] = None
) -> Template:
    await _catch_up(store, at)
    return Template("_queue.html", context=_board_context(name, store))


@get("/fragments/request/{sid:str}", include_in_schema=False)
async def request_fragment(
    sid: FromPath[str],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
    at: FromQuery[str | None] = None,
) -> Template:
    await _catch_up(store, at)
    request = await known_request(sid, store, event_log)
    return Template("_request.html", context=_request_context(request, store, actions, caller))


async def _catch_up(store: ViewStore, at: str | None) -> None:
    """Behind a load balancer, the gateway that sent the news may be ahead of this one."""
    if version := Version.parse(at or ""):
        with suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_S):
                await store.reached(version)


def _live(store: ViewStore, board: str | None) -> dict[str, Any]:
    """What the page needs to go on from where it was rendered."""
    return {
        "boards": [store.boards[name] for name in sorted(store.boards)],
        "live_board": board,
        "version": str(store.version),
    }


def _board_context(name: str, store: ViewStore) -> dict[str, Any]:
    board = known_board(name, store)
    return _live(store, name) | {
        "board": board,
        "table": board_table(board, store.entries[name].values()),
        "queue": queue_of(name, store.requests.values(), store.progress),
        "task_titles": {task.id: task.title for task in board.tasks},
    }


def _request_context(
    request: Request, store: ViewStore, actions: Actions, caller: Caller
) -> dict[str, Any]:
    board = store.boards.get(request.board)
    return _live(store, request.board) | {
        "submission": request,
        "progress": store.progress.get(request.sid),
        "entry": store.entries[request.board].get(request.sid),
        "task_titles": {task.id: task.title for task in board.tasks} if board else {},
        "caller": caller,
        "actions": actions.allowed(request, caller),
        "threshold": board.limits.votes_for_high_lane if board else None,
    }
