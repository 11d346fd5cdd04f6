"""One request: how it stands, why, and what may be done about it."""

from typing import Any

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from contracts.views import Request
from services.gateway.access import Caller
from services.gateway.actions import Action, Actions
from services.gateway.dependencies import (
    ActionsDependency,
    CallerDependency,
    EventLogDependency,
    StoreDependency,
)
from services.gateway.pages.shell import catch_up, shell
from services.gateway.requests import known_request
from services.gateway.store import ViewStore

_DONE: dict[str, str] = {
    Action.CANCEL: "It is being cancelled; this page shows it within a moment.",
    Action.RERUN: "It runs once more; this page shows it within a moment.",
    Action.VOTE: "Your vote counts.",
    Action.PROMOTE: "It moves to the high lane within a moment.",
}


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
    return Template("request/page.html", context=context | {"done": _DONE.get(done)})


@get("/fragments/request/{sid:str}", include_in_schema=False)
async def request_fragment(
    sid: FromPath[str],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
    at: FromQuery[str | None] = None,
) -> Template:
    await catch_up(store, at)
    request = await known_request(sid, store, event_log)
    return Template(
        "request/_request.html", context=_request_context(request, store, actions, caller)
    )


def _request_context(
    request: Request, store: ViewStore, actions: Actions, caller: Caller
) -> dict[str, Any]:
    board = store.boards.get(request.board)
    return shell(store, request.board) | {
        "submission": request,
        "progress": store.progress.get(request.sid),
        "entry": store.entries[request.board].get(request.sid),
        "task_titles": {task.id: task.title for task in board.tasks} if board else {},
        "caller": caller,
        "actions": actions.allowed(request, caller),
        "threshold": board.limits.votes_for_high_lane if board else None,
    }
