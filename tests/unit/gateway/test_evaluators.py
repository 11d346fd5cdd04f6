import pytest

from contracts.evaluator import EvaluatorPresence
from contracts.models import Tier
from contracts.operation import HoldKind
from services.gateway.queue.evaluators import Evaluators, Readiness, readiness
from tests.unit.gateway.examples import a_request, an_evaluator


def heard(*presences: EvaluatorPresence) -> Evaluators:
    evaluators = Evaluators()
    for presence in presences:
        evaluators.hear(presence)
    return evaluators


def names(evaluators: Evaluators) -> list[str]:
    return [each.name for each in evaluators]


def test_an_evaluator_serves_its_tiers_until_it_drains() -> None:
    both = (Tier.SMALL, Tier.LARGE)
    evaluators = heard(an_evaluator("a"), an_evaluator("b", tiers=both), an_evaluator("c"))

    assert [evaluators.serving(tier) for tier in Tier] == [3, 0, 1, 0]

    evaluators.hear(an_evaluator("c", draining=True))
    assert evaluators.serving(Tier.SMALL) == 2
    assert names(evaluators) == ["a", "b", "c"]


def test_an_evaluator_serves_no_tier_that_it_has_on_hold() -> None:
    both = (Tier.SMALL, Tier.LARGE)
    evaluators = heard(an_evaluator("a", tiers=both, on_hold={Tier.SMALL: HoldKind.PAUSE}))

    assert [evaluators.serving(tier) for tier in Tier] == [0, 0, 1, 0]
    assert [evaluators.on_hold(tier) for tier in Tier] == [1, 0, 0, 0]


PAUSED, DRAINED = {Tier.SMALL: HoldKind.PAUSE}, {Tier.SMALL: HoldKind.DRAIN}


@pytest.mark.parametrize(
    ("presence", "expected"),
    [
        (an_evaluator(), Readiness.OPEN),
        (an_evaluator(tiers=(Tier.SMALL, Tier.LARGE), on_hold=DRAINED), Readiness.OPEN),
        (an_evaluator(on_hold=PAUSED, at=(a_request(),)), Readiness.PAUSED),
        (an_evaluator(on_hold=DRAINED, at=(a_request(), None)), Readiness.DRAINING),
        (an_evaluator(on_hold=DRAINED), Readiness.DRAINED),
        (an_evaluator(on_hold=DRAINED, draining=True), Readiness.STOPPING),
    ],
    ids=["open", "open for the other tier", "paused", "draining", "drained", "stopping"],
)
def test_what_an_evaluator_says_of_itself_comes_to_one_word(
    presence: EvaluatorPresence, expected: Readiness
) -> None:
    assert readiness(presence) is expected


def test_two_of_one_name_are_two() -> None:
    evaluators = heard(an_evaluator(instance="one"), an_evaluator(instance="two"))

    assert evaluators.serving(Tier.SMALL) == 2


def test_the_last_message_takes_it_away() -> None:
    evaluators = heard(an_evaluator("a"), an_evaluator("b"))

    assert evaluators.hear(an_evaluator("a", stopped=True))

    assert names(evaluators) == ["b"]


def test_only_changes_are_news() -> None:
    evaluators = Evaluators()

    told = [
        evaluators.hear(an_evaluator()),
        evaluators.hear(an_evaluator()),
        evaluators.hear(an_evaluator(at=(a_request(),))),
        evaluators.hear(an_evaluator("gone", stopped=True)),
    ]

    assert told == [True, False, True, False]
    assert evaluators.revision == 2


@pytest.mark.parametrize(
    ("every_s", "silent_s", "stays"),
    [(5, 15, True), (5, 15.5, False), (0.1, 0.2, True), (0.1, 0.4, False)],
)
def test_three_missed_messages_are_the_end(every_s: float, silent_s: float, stays: bool) -> None:
    evaluators = heard(an_evaluator(every_s=every_s))
    evaluators.listened(silent_s)

    assert bool(names(evaluators)) is stays


def test_a_message_ends_the_silence() -> None:
    evaluators = heard(an_evaluator("a"), an_evaluator("b"))
    evaluators.listened(10)
    evaluators.hear(an_evaluator("a"))

    assert evaluators.listened(10)

    assert names(evaluators) == ["a"]


def test_who_has_not_listened_long_enough_does_not_know_all_of_them() -> None:
    evaluators = Evaluators()
    evaluators.listened(5)
    assert not evaluators.are_known

    assert evaluators.listened(1)

    assert evaluators.are_known
    assert not evaluators.listened(1)
