"""What waits, runs and has ended, on every board or one, and who evaluates."""

from enum import StrEnum
from typing import Annotated, TypeVar

from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from contracts.models import Tier
from contracts.views import RequestState
from services.gateway.boards.routes import known_board
from services.gateway.dependencies import OutlookDependency
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.pages.visit import VisitDependency
from services.gateway.queue.requests import Queue, Wanted

E = TypeVar("E", bound=StrEnum)


@get("/queue", include_in_schema=False)
async def show_queue(
    visit: VisitDependency,
    outlook: OutlookDependency,
    board: FromQuery[str] = "",
    # Litestar keeps the name `state` for itself.
    in_state: Annotated[str, QueryParameter(name="state")] = "",
    tier: FromQuery[str] = "",
    submitter: Annotated[str, QueryParameter(max_length=100)] = "",
    text: Annotated[str, QueryParameter(max_length=200)] = "",
    number: Annotated[int, QueryParameter(name="page", ge=1)] = 1,
) -> Template:
    """A form sends what was left empty, too."""
    store = visit.store
    only = known_board(board, store) if board else None
    wanted = Wanted(
        board=board,
        state=_one_of(RequestState, "state", in_state),
        tier=_one_of(Tier, "tier", tier),
        submitter=submitter,
        text=text,
        page=number,
    )
    plan = outlook.plan()
    context = {
        "wanted": wanted,
        "queue": Queue.of(store.requests.values(), store.progress, plan, wanted),
        "tiers": tuple(plan.tiers.values()),
        "holds": store.holds.holds,
        "evaluators_known": store.evaluators.are_known,
        "all_tiers": tuple(Tier),
        "states": tuple(RequestState),
        "task_titles": {
            each.name: {task.id: task.title for task in each.tasks}
            for each in store.boards.values()
        },
    }
    return visit.page(
        "queue",
        context,
        board=only or visit.any_board(),
        parts=("queue",),
        follows_every_board=only is None,
    )


def _one_of(kind: type[E], parameter: str, value: str) -> E | None:
    """None for an empty value."""
    if not value:
        return None
    try:
        return kind(value)
    except ValueError as fault:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            f"There is no {parameter} {value!r}.",
            f"Take one of: {', '.join(kind)}.",
            {"parameter": parameter},
        ) from fault
