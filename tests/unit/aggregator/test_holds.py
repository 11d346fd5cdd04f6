from contracts.base import Event
from contracts.models import Tier
from contracts.operation import (
    EvaluatorsDrained,
    EvaluatorsPaused,
    EvaluatorsResumed,
    Hold,
    HoldKind,
    Holds,
    HoldScope,
)
from contracts.views import Decision
from tests.unit.aggregator.test_moderation import views

EVALUATOR, TIER, ALL = HoldScope.EVALUATOR, HoldScope.TIER, HoldScope.ALL


def paused(scope: HoldScope, name: str, reason: str = "Heat.") -> EvaluatorsPaused:
    return EvaluatorsPaused(scope=scope, name=name, reason=reason, by="mod")


def drained(scope: HoldScope, name: str, *, hand_back: bool = False) -> EvaluatorsDrained:
    return EvaluatorsDrained(scope=scope, name=name, reason="Disk.", by="mod", hand_back=hand_back)


def resumed(scope: HoldScope, name: str) -> EvaluatorsResumed:
    return EvaluatorsResumed(scope=scope, name=name, reason="Done.", by="mod")


def standing(*orders: Event) -> tuple[Hold, ...]:
    body = views(*orders).views[Holds.subject_filter()]
    return Holds.model_validate_json(body).holds


def test_an_order_stands_with_who_when_and_why_until_it_is_taken_back() -> None:
    before = views().views.get(Holds.subject_filter())
    [hold] = standing(paused(EVALUATOR, "gpu-1"))
    after = standing(paused(EVALUATOR, "gpu-1"), resumed(EVALUATOR, "gpu-1"))

    assert before is None
    assert (hold.kind, hold.scope, hold.name) == (HoldKind.PAUSE, EVALUATOR, "gpu-1")
    assert (hold.by, hold.reason) == ("mod", "Heat.")
    assert after == ()


def test_the_newest_order_of_one_scope_and_name_counts() -> None:
    [hold] = standing(
        paused(TIER, "small"), drained(TIER, "small", hand_back=True), paused(TIER, "small", "Air.")
    )

    assert (hold.kind, hold.hand_back, hold.reason) == (HoldKind.PAUSE, False, "Air.")


def test_resuming_touches_no_order_of_another_scope() -> None:
    held = standing(
        paused(ALL, "all"),
        drained(EVALUATOR, "gpu-1"),
        paused(TIER, "small"),
        resumed(ALL, "all"),
        resumed(EVALUATOR, "small"),
    )

    assert [(hold.scope, hold.name) for hold in held] == [(EVALUATOR, "gpu-1"), (TIER, "small")]


def test_resuming_what_takes_jobs_changes_nothing_but_the_log() -> None:
    assert standing(resumed(TIER, "small")) == ()


def test_every_order_is_in_the_log_of_decisions() -> None:
    leaderboard = views(
        paused(EVALUATOR, "gpu-1"), drained(TIER, "small"), resumed(ALL, "all"), resumed(ALL, "all")
    )

    decisions = [
        Decision.model_validate_json(leaderboard.views[Decision.subject_filter(sequence=place)])
        for place in range(1, 5)
    ]
    assert [(one.what, one.about, one.reason, one.by) for one in decisions] == [
        ("evaluators_paused", "gpu-1", "Heat.", "mod"),
        ("evaluators_drained", "tier small", "Disk.", "mod"),
        ("evaluators_resumed", "all evaluators", "Done.", "mod"),
        ("evaluators_resumed", "all evaluators", "Done.", "mod"),
    ]


def test_of_several_orders_over_an_evaluator_the_one_that_asks_for_most_counts() -> None:
    holds = Holds(
        holds=standing(
            paused(ALL, "all"), drained(TIER, "small"), drained(EVALUATOR, "gpu-1", hand_back=True)
        )
    )

    def over(evaluator: str, tier: Tier) -> HoldScope | None:
        hold = holds.over(evaluator, tier)
        return hold.scope if hold else None

    assert over("gpu-1", Tier.LARGE) is EVALUATOR
    assert over("gpu-2", Tier.SMALL) is TIER
    assert over("gpu-2", Tier.LARGE) is ALL
    assert Holds().over("gpu-1", Tier.SMALL) is None
