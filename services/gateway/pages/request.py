"""One request: how it stands, why, and what may be done about it."""

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from contracts.board import Board
from contracts.validation import ValidationProgress
from contracts.views import Request, RequestState, TaskProgress
from services.gateway.dependencies import (
    ActionsDependency,
    EventLogDependency,
    OutlookDependency,
)
from services.gateway.pages.visit import VisitDependency
from services.gateway.requests.actions import Action
from services.gateway.requests.routes import known_request
from services.gateway.requests.runs import Run, runs_of
from services.gateway.requests.verdict import AskedRule, asked_rules, rules_so_far
from services.gateway.state.event_log import EventLog
from services.gateway.views import request_history

_DONE: dict[str, str] = {
    "submit": "It is submitted, and checked within a moment.",
    Action.CANCEL: "It is being cancelled; this page shows it within a moment.",
    Action.RERUN: "It runs once more; this page shows it within a moment.",
    Action.VOTE: "Your vote counts.",
    Action.PROMOTE: "It moves to the high lane within a moment.",
}


@get("/requests/{sid:str}", include_in_schema=False)
async def show_request(
    sid: FromPath[str],
    visit: VisitDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    outlook: OutlookDependency,
    done: FromQuery[str] = "",
) -> Template:
    """`done` is what a form of this page has just done."""
    store = visit.store
    request = await known_request(sid, store, event_log)
    board = store.boards.get(request.board)
    validation = outlook.validation(request)
    context = {
        "submission": request,
        "situation": outlook.situation(request),
        "place": outlook.place(request),
        "progress": outlook.progress(request),
        "validation": validation,
        "left": outlook.time_left(request) if request.state is RequestState.RUNNING else None,
        "entry": store.entry(request.board, sid),
        "task_titles": {task.id: task.title for task in board.tasks} if board else {},
        "tasks": request.tasks or _to_come(request, board),
        "rules": _rules(request, validation),
        "timeline": request_history(request),
        "earlier": await _earlier_runs(request, event_log),
        "actions": actions.allowed(request, visit.caller),
        "threshold": board.limits.votes_for_high_lane if board else None,
        "done": _DONE.get(done),
    }
    return visit.page("request", context, board=board, parts=("request",))


def _rules(request: Request, validation: ValidationProgress | None) -> tuple[AskedRule, ...]:
    """As the verdict has them, and before it as they are settled."""
    if request.state is RequestState.RECEIVED:
        return rules_so_far(validation)
    return asked_rules(request.reasons, request.warnings, request.rules)


def _to_come(request: Request, board: Board | None) -> tuple[TaskProgress, ...]:
    """What is scored once the rules have been kept."""
    if board is None or request.state is not RequestState.RECEIVED:
        return ()
    return tuple(TaskProgress(task=task.id) for task in board.tasks)


async def _earlier_runs(request: Request, event_log: EventLog) -> tuple[Run, ...]:
    """The newest first."""
    if request.run == 1:
        return ()
    runs = runs_of(await event_log.evaluations(request.sid))
    return tuple(run for run in reversed(runs) if run.run < request.run)
