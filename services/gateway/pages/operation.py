"""For whoever runs the leaderboard: who evaluates, what waits, what fails; and what evaluators are
asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import msgspec
from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_303_SEE_OTHER

from contracts.evaluator import EvaluatorPresence
from contracts.operation import Hold, Holds, HoldScope
from services.gateway.dependencies import (
    DeadLettersDependency,
    EventLogDependency,
    OutlookDependency,
)
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.pages.visit import VisitDependency
from services.gateway.queue.endings import Endings
from services.gateway.queue.evaluators import Readiness, readiness, running
from services.gateway.queue.orders import DrainOrdered, Order, Ordered, give_order

_SPANS = (("last 24 hours", timedelta(days=1)), ("last 7 days", timedelta(days=7)))


@dataclass(frozen=True)
class OnDuty:
    """One evaluator, and what has been ordered about it."""

    presence: EvaluatorPresence
    readiness: Readiness
    running: int
    """How many of its devices work."""
    holds: tuple[Hold, ...]
    """Those that keep it from jobs of any of its tiers."""
    has_obeyed: bool
    """Whether it says of each tier what was ordered."""

    @classmethod
    def of(cls, presence: EvaluatorPresence, holds: Holds) -> Self:
        ordered = {tier: holds.over(presence.name, tier) for tier in presence.tiers}
        return cls(
            presence=presence,
            readiness=readiness(presence),
            running=running(presence),
            holds=tuple(
                hold
                for hold in holds.holds
                if any(hold.covers(presence.name, tier) for tier in presence.tiers)
            ),
            has_obeyed=all(
                presence.on_hold.get(tier) == (hold.kind if hold else None)
                for tier, hold in ordered.items()
            ),
        )


class OrderForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: str = ""
    scope: str = ""
    name: str = ""
    """Of the evaluators, or the tier."""
    reason: str = ""
    hand_back: str = ""
    """Not empty where the box is ticked."""
    csrf_token: str = ""
    """Looked at before the route runs."""

    def ordered(self) -> tuple[Order, Ordered]:
        """Raises Refusal."""
        said: dict[str, object] = {"reason": self.reason.strip()}
        said[self.scope] = True if self.scope == HoldScope.ALL else self.name
        if self.hand_back:
            said["hand_back"] = True
        kind = DrainOrdered if self.order == Order.DRAIN else Ordered
        try:
            return Order(self.order), msgspec.convert(said, kind)
        except ValueError as fault:
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"That is no order: {fault}.",
                "Go back and say what evaluators should do, which of them, and why.",
            ) from fault


@get("/operation", include_in_schema=False)
async def show_operation(
    visit: VisitDependency,
    outlook: OutlookDependency,
    dead_letters: DeadLettersDependency,
    done: FromQuery[str] = "",
) -> Template:
    """`done` is what a form of this page has just ordered."""
    visit.caller.must_be_moderator()
    store, plan, now = visit.store, outlook.plan(), datetime.now(UTC)
    context = {
        "evaluators": tuple(OnDuty.of(each, store.holds) for each in store.evaluators),
        "evaluators_known": store.evaluators.are_known,
        "holds": store.holds.holds,
        "held": {(hold.scope.value, hold.name): hold for hold in store.holds.holds},
        "requests": store.requests,
        "tiers": tuple(plan.tiers.values()),
        "left_of": plan.left,
        "endings": [
            (title, Endings.since(span, now, store.requests.values())) for title, span in _SPANS
        ],
        "letters": await dead_letters.counted(),
        "done": done if done in set(Order) else "",
    }
    return visit.page(
        "operation",
        context,
        board=visit.any_board(),
        parts=("operation",),
        follows_every_board=True,
    )


@post("/operation", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def operate_from_page(
    data: URLEncodedBody[OrderForm], visit: VisitDependency, event_log: EventLogDependency
) -> Redirect:
    visit.caller.must_be_moderator()
    order, ordered = data.ordered()
    await give_order(order, ordered, visit.caller, visit.store, event_log)
    return Redirect(f"/operation?done={order}", status_code=HTTP_303_SEE_OTHER)
