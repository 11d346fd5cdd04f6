from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts.evaluator import EvaluatorPresence
from contracts.models import Lane, Tier
from contracts.operation import Hold, HoldKind, Holds, HoldScope
from contracts.views import HistoryEntry, Request, RequestState
from services.gateway.queue.evaluators import Evaluators
from services.gateway.queue.experience import PREPARATION, Experience, Line, TimeLeft
from services.gateway.queue.places import (
    Plan,
    QueuePlace,
    in_order,
    planned,
)
from services.gateway.queue.schedule import Device, Job, scheduled
from tests.unit.gateway.examples import NOON, a_hold, a_request, an_evaluator

SMALL, MEDIUM = Tier.SMALL, Tier.MEDIUM
# 100 s for whatever waits.
KNOWN = Experience("demo", 3, 1_000_000, 1_000_000, {"facts": Line(100), PREPARATION: Line()})
UNKNOWN = Experience("other", 0, 0, 0, {})


def waiting(
    name: str,
    *,
    accepted: int = 0,
    lane: Lane = Lane.NORMAL,
    tier: Tier = SMALL,
    board: str = "demo",
) -> Request:
    """Accepted so many minutes after noon."""
    request = a_request(f"acme/{name}", lane=lane, board=board)
    at = NOON + timedelta(minutes=accepted)
    return request.model_copy(
        update={
            "tier": tier,
            "history": (*request.history, HistoryEntry(at=at, what="submission.accepted")),
        }
    )


def running(name: str, tier: Tier = SMALL) -> Request:
    request = a_request(f"acme/{name}", RequestState.RUNNING, attempt=1)
    return request.model_copy(update={"tier": tier})


def plan_of(
    *requests: Request,
    evaluators: tuple[EvaluatorPresence, ...] = (),
    left_s: float | None = 40,
    known: bool = True,
    holds: tuple[Hold, ...] = (),
) -> Plan:
    """`left_s` is what everything that runs still takes; `known` is whether the gateway has been
    up for long enough to have heard of all evaluators."""
    heard = Evaluators()
    for evaluator in evaluators:
        heard.hear(evaluator)
    if known:
        heard.listened(10)
    return planned(
        requests,
        heard,
        lambda board: KNOWN if board == "demo" else UNKNOWN,
        {
            request.sid: TimeLeft(left_s, "" if left_s is not None else "Who knows.")
            for request in requests
            if request.state is RequestState.RUNNING
        },
        Holds(holds=holds),
        NOON,
    )


def starts_in(plan: Plan, request: Request) -> float | None:
    place = plan.place(request.sid)
    assert place
    return (place.starts_at - NOON).total_seconds() if place.starts_at else None


# ── the order ────────────────────────────────────────────────────────────────────────────────────


def test_the_high_lane_comes_first_then_who_was_accepted_first() -> None:
    first, second = waiting("z", accepted=1), waiting("a", accepted=2)
    hurried = waiting("h", accepted=3, lane=Lane.HIGH)
    elsewhere = waiting("m", tier=MEDIUM)

    queues = in_order([second, elsewhere, hurried, running("r"), first])

    assert queues == {SMALL: [hurried, first, second], MEDIUM: [elsewhere]}


def test_a_rerun_waits_from_when_it_was_accepted_again() -> None:
    again = waiting("a", accepted=1)
    again = again.model_copy(
        update={
            "history": (
                *again.history,
                HistoryEntry(at=NOON + timedelta(minutes=9), what="submission.accepted"),
            )
        }
    )
    other = waiting("b", accepted=5)

    assert in_order([again, other]) == {SMALL: [other, again]}


# ── the schedule ─────────────────────────────────────────────────────────────────────────────────


def jobs(**seconds: float | None) -> list[Job]:
    return [Job(sid, takes) for sid, takes in seconds.items()]


@pytest.mark.parametrize(
    ("devices", "starts", "free"),
    [
        pytest.param([0], {"a": 0, "b": 10, "c": 30}, 60, id="one after the other"),
        pytest.param([0, 0], {"a": 0, "b": 0, "c": 10}, 20, id="two at once"),
        pytest.param([0, 5, 7], {"a": 0, "b": 5, "c": 7}, 10, id="when each is free"),
        pytest.param([], {}, None, id="nobody"),
    ],
)
def test_devices_take_what_comes_next(
    devices: list[float], starts: dict[str, float], free: float | None
) -> None:
    schedule = scheduled(
        {}, {SMALL: jobs(a=10, b=20, c=30)}, [Device([SMALL], at) for at in devices]
    )

    assert schedule.starts_in_s == starts
    assert schedule.free_in_s.get(SMALL) == free


def test_a_device_takes_from_any_high_lane_first_and_its_tiers_take_turns() -> None:
    schedule = scheduled(
        {MEDIUM: jobs(h=1)},
        {SMALL: jobs(a=1, b=1), MEDIUM: jobs(x=1, y=1)},
        [Device([SMALL, MEDIUM], 0)],
    )

    assert list(schedule.starts_in_s) == ["h", "a", "x", "b", "y"]


def test_a_job_of_unknown_length_hides_what_comes_after_it_on_its_device() -> None:
    alone = scheduled({}, {SMALL: jobs(a=None, b=1)}, [Device([SMALL], 0)])
    beside = scheduled(
        {}, {SMALL: jobs(a=None, b=5, c=5)}, [Device([SMALL], 0), Device([SMALL], 2)]
    )

    assert alone.starts_in_s == {"a": 0}
    assert alone.free_in_s == {}
    assert beside.starts_in_s == {"a": 0, "b": 2, "c": 7}


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────


def test_everything_that_waits_has_its_place() -> None:
    now, first, second = running("r"), waiting("a", accepted=1), waiting("b", accepted=2)

    plan = plan_of(second, now, first, evaluators=(an_evaluator(at=(now,)),))

    assert plan.place(first.sid) == QueuePlace(
        tier=SMALL,
        lane=Lane.NORMAL,
        place=1,
        waiting=2,
        evaluators=1,
        starts_at=NOON + timedelta(seconds=40),
        takes_s=100,
        doubt="",
        holds=(),
    )
    assert starts_in(plan, second) == 140
    assert plan.place(now.sid) is None
    assert list(plan.waiting) == [first.sid, second.sid]


@pytest.mark.parametrize(
    ("evaluators", "seconds"),
    [
        pytest.param(lambda now: (an_evaluator(at=(now, None)),), 0, id="an idle device"),
        pytest.param(lambda now: (an_evaluator(at=(now,)),), 40, id="after what runs"),
        pytest.param(
            lambda now: (an_evaluator(at=(now,)), an_evaluator("b", draining=True)),
            40,
            id="one that is about to stop takes nothing",
        ),
        pytest.param(
            lambda now: (an_evaluator(at=(now,)), an_evaluator("b", tiers=(MEDIUM,))),
            40,
            id="one of another tier",
        ),
        pytest.param(lambda now: (an_evaluator(),), 40, id="what lost its evaluator goes first"),
    ],
)
def test_a_start_counts_who_is_there_and_what_runs(
    evaluators: Callable[[Request], tuple[EvaluatorPresence, ...]], seconds: float
) -> None:
    now, next_one = running("r"), waiting("a")

    plan = plan_of(now, next_one, evaluators=evaluators(now))

    assert starts_in(plan, next_one) == seconds


def test_a_tier_says_what_waits_what_runs_and_when_something_new_would_start() -> None:
    now, hurried, normal = running("r"), waiting("h", lane=Lane.HIGH), waiting("n")
    busy = an_evaluator(at=(now, None))

    plan = plan_of(now, hurried, normal, evaluators=(busy, an_evaluator("b", tiers=(MEDIUM,))))

    small, medium = plan.tiers.values()
    assert (small.tier, small.running, small.evaluators, small.devices) == (SMALL, 1, 1, 2)
    assert small.waiting == {Lane.HIGH: 1, Lane.NORMAL: 1}
    assert small.starts_at == NOON + timedelta(seconds=100)
    assert (medium.tier, medium.running, medium.evaluators) == (MEDIUM, 0, 1)
    assert medium.starts_at == NOON


@pytest.mark.parametrize(
    ("plan", "starts", "doubt"),
    [
        pytest.param(
            plan_of(waiting("a")), None, "No evaluator serves tier small right now.", id="nobody"
        ),
        pytest.param(
            plan_of(waiting("a"), known=False),
            None,
            "This gateway has just started and may not have heard of every evaluator yet.",
            id="nobody yet",
        ),
        pytest.param(
            plan_of(
                waiting("a"),
                running("r"),
                evaluators=(an_evaluator(at=(running("r"),)),),
                left_s=None,
            ),
            None,
            "No estimate: how long those before it take is not known yet.",
            id="unknown before it",
        ),
    ],
)
def test_a_missing_start_has_a_reason(plan: Plan, starts: float | None, doubt: str) -> None:
    request = waiting("a")
    place = plan.place(request.sid)

    assert place
    assert starts_in(plan, request) == starts
    assert (place.takes_s, place.doubt) == (100, doubt)
    assert plan.tiers[SMALL].doubt == doubt


def test_evaluators_on_hold_are_no_part_of_the_estimate() -> None:
    both, paused = (SMALL, MEDIUM), {SMALL: HoldKind.PAUSE}
    half, whole = an_evaluator("a", tiers=both, on_hold=paused), an_evaluator("b", on_hold=paused)
    first, other = waiting("a"), waiting("m", tier=MEDIUM)

    plan = plan_of(first, other, evaluators=(half, whole), holds=(A_TIER,))

    small, medium = plan.tiers.values()
    assert (small.evaluators, small.devices, small.on_hold) == (0, 0, 2)
    assert (medium.evaluators, medium.devices, medium.on_hold) == (1, 1, 0)
    assert (starts_in(plan, first), starts_in(plan, other)) == (None, 0)


A_TIER = a_hold(scope=HoldScope.TIER, name="small")
A_HOST = a_hold(HoldKind.DRAIN, HoldScope.EVALUATOR, "gpu-1")
DRAINED = an_evaluator(on_hold={SMALL: HoldKind.DRAIN})


@pytest.mark.parametrize(
    ("evaluators", "holds", "doubt"),
    [
        ((), (A_TIER,), "Operators have put tier small on hold."),
        ((), (a_hold(),), "Operators have put tier small on hold."),
        ((DRAINED,), (A_HOST,), "Every evaluator that serves tier small is on hold."),
        ((), (A_HOST,), "No evaluator serves tier small right now."),
        ((an_evaluator("other"),), (A_HOST,), ""),
    ],
    ids=["the tier", "all", "the only evaluator", "one that is gone", "one of several"],
)
def test_what_waits_for_operators_says_so(
    evaluators: tuple[EvaluatorPresence, ...], holds: tuple[Hold, ...], doubt: str
) -> None:
    request = waiting("a")

    place = plan_of(request, evaluators=evaluators, holds=holds).place(request.sid)

    assert place
    assert place.doubt == doubt
    assert place.holds == (holds if "hold" in doubt else ())


def test_a_tier_on_hold_is_shown_although_nothing_waits_for_it() -> None:
    assert list(plan_of(holds=(A_TIER,)).tiers) == [SMALL]
    assert list(plan_of(evaluators=(DRAINED,), holds=(A_HOST,)).tiers) == [SMALL]
    assert not plan_of(holds=(a_hold(), A_HOST)).tiers


def test_a_board_without_experience_says_so() -> None:
    request = waiting("a", board="other")

    place = plan_of(request, evaluators=(an_evaluator(),)).place(request.sid)

    assert place
    assert place.starts_at == NOON
    assert place.takes_s is None
    assert place.doubt.startswith("No estimate yet")
