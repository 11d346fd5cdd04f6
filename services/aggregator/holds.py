"""Which evaluators operators keep from their jobs. Pure."""

from collections.abc import Iterable
from typing import Any

from contracts.operation import (
    EvaluatorOrder,
    EvaluatorsDrained,
    EvaluatorsPaused,
    EvaluatorsResumed,
    Hold,
    HoldKind,
    Holds,
    HoldScope,
)
from services.aggregator.facts import Fact


def standing_holds(facts: Iterable[Fact[Any]]) -> Holds | None:
    """What orders amount to, given in stream order; None before the first. An order replaces the
    one before it that has the same scope and name, and no other."""
    holds: dict[tuple[HoldScope, str], Hold] = {}
    was_ordered = False
    for fact in facts:
        if not isinstance(fact.event, EvaluatorOrder):
            continue
        was_ordered = True
        order: EvaluatorOrder = fact.event
        holds.pop((order.scope, order.name), None)
        if not isinstance(order, EvaluatorsResumed):
            holds[order.scope, order.name] = _hold(fact)
    return Holds(holds=tuple(holds.values())) if was_ordered else None


def told(order: EvaluatorOrder) -> str:
    """Whom it is about, as the log of decisions says it."""
    match order.scope:
        case HoldScope.EVALUATOR:
            return order.name
        case HoldScope.TIER:
            return f"tier {order.name}"
        case HoldScope.ALL:
            return "all evaluators"


def _hold(fact: Fact[EvaluatorsPaused | EvaluatorsDrained]) -> Hold:
    order = fact.event
    drain = order if isinstance(order, EvaluatorsDrained) else None
    return Hold(
        kind=HoldKind.DRAIN if drain else HoldKind.PAUSE,
        scope=order.scope,
        name=order.name,
        hand_back=drain.hand_back if drain else False,
        reason=order.reason,
        by=order.by,
        at=fact.at,
    )
