"""What operators ask of evaluators: pause, drain, resume."""

from enum import StrEnum
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED

from contracts.models import Tier
from contracts.operation import (
    EVERY_EVALUATOR,
    EvaluatorOrder,
    EvaluatorsDrained,
    EvaluatorsPaused,
    EvaluatorsResumed,
    HoldScope,
)
from services.gateway.dependencies import CallerDependency, EventLogDependency, StoreDependency
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.identity.access import Caller
from services.gateway.queue.views import Hold, hold
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore

_Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Order(StrEnum):
    """What may be asked for."""

    PAUSE = "pause"
    DRAIN = "drain"
    RESUME = "resume"


class Ordered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an order is about, which is one of the three, and why it is given."""

    reason: _Reason
    """For everybody to read."""
    evaluator: _Name | None = None
    """All that go by this name, those that start later included."""
    tier: Tier | None = None
    """All evaluators, but only as for jobs of this size class."""
    all: bool = False

    def __post_init__(self) -> None:
        if (self.evaluator is not None) + (self.tier is not None) + self.all != 1:
            raise ValueError(
                "An order is about an `evaluator`, a `tier`, or `all`: give one of them"
            )

    @property
    def whom(self) -> tuple[HoldScope, str]:
        if self.evaluator is not None:
            return HoldScope.EVALUATOR, self.evaluator
        return (HoldScope.TIER, self.tier) if self.tier else (HoldScope.ALL, EVERY_EVALUATOR)


class DrainOrdered(Ordered, frozen=True):
    """The same, and what becomes of what runs."""

    hand_back: bool = False
    """Whether it goes back to the queue at its next checkpoint, instead of on to its end."""


class OrderTaken(msgspec.Struct, frozen=True):
    order: Order
    scope: HoldScope
    name: str
    """Of the evaluators, or of the tier; `all` for all of them."""
    evaluators: int
    """How many evaluators that it is about are there right now."""
    others: tuple[Hold, ...]
    """What stands besides, and goes on to stand."""


_REFUSALS = refuses(
    ErrorCode.INVALID_REQUEST,
    ErrorCode.SIGN_IN_REQUIRED,
    ErrorCode.FORBIDDEN,
    ErrorCode.BUS_UNREACHABLE,
)


@post(
    "/api/v1/evaluators/pause",
    status_code=HTTP_202_ACCEPTED,
    operation_id="pauseEvaluators",
    tags=["queue"],
    responses=_REFUSALS,
)
async def pause_evaluators(
    data: JSONBody[Ordered],
    store: StoreDependency,
    event_log: EventLogDependency,
    caller: CallerDependency,
) -> Response[OrderTaken]:
    """Have evaluators take no more jobs; what runs goes on to its end. 202 means that the order is
    on disk; evaluators obey within seconds, and say so."""
    return Response(await give_order(Order.PAUSE, data, caller, store, event_log))


@post(
    "/api/v1/evaluators/drain",
    status_code=HTTP_202_ACCEPTED,
    operation_id="drainEvaluators",
    tags=["queue"],
    responses=_REFUSALS,
)
async def drain_evaluators(
    data: JSONBody[DrainOrdered],
    store: StoreDependency,
    event_log: EventLogDependency,
    caller: CallerDependency,
) -> Response[OrderTaken]:
    """The same before a host goes down: once nothing runs, evaluators say that they are `drained`.
    With `hand_back` what runs goes back to the queue."""
    return Response(await give_order(Order.DRAIN, data, caller, store, event_log))


@post(
    "/api/v1/evaluators/resume",
    status_code=HTTP_202_ACCEPTED,
    operation_id="resumeEvaluators",
    tags=["queue"],
    responses=_REFUSALS,
)
async def resume_evaluators(
    data: JSONBody[Ordered],
    store: StoreDependency,
    event_log: EventLogDependency,
    caller: CallerDependency,
) -> Response[OrderTaken]:
    """Take back what was ordered about the same evaluator, tier, or all. `others` may go on to keep
    evaluators from their jobs."""
    return Response(await give_order(Order.RESUME, data, caller, store, event_log))


async def give_order(
    order: Order, data: Ordered, caller: Caller, store: ViewStore, event_log: EventLog
) -> OrderTaken:
    """Returns once it is on disk. Raises Refusal for whoever is no moderator."""
    caller.must_be_moderator()
    event = _event(order, data, caller.name)
    await event_log.publish(event)
    standing = store.holds.holds
    return OrderTaken(
        order=order,
        scope=event.scope,
        name=event.name,
        evaluators=sum(
            data.evaluator in (None, each.name) and (data.tier is None or data.tier in each.tiers)
            for each in store.evaluators
        ),
        others=tuple(hold(one) for one in standing if (one.scope, one.name) != data.whom),
    )


def _event(order: Order, data: Ordered, by: str | None) -> EvaluatorOrder:
    scope, name = data.whom
    match order:
        case Order.PAUSE:
            return EvaluatorsPaused(scope=scope, name=name, reason=data.reason, by=by)
        case Order.DRAIN:
            return EvaluatorsDrained(
                scope=scope,
                name=name,
                reason=data.reason,
                by=by,
                hand_back=isinstance(data, DrainOrdered) and data.hand_back,
            )
        case Order.RESUME:
            return EvaluatorsResumed(scope=scope, name=name, reason=data.reason, by=by)
