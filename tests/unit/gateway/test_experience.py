from datetime import timedelta

import pytest

from contracts.evaluation import EvaluationProgress
from contracts.views import HistoryEntry, Request, RequestState, TaskProgress
from services.gateway.queue.experience import (
    NEWEST,
    PREPARATION,
    Experience,
    Line,
    fitted,
    learned,
    time_left,
)
from tests.unit.gateway.examples import NOON, a_board, a_request

BILLION = 1_000_000_000


def a_run(
    name: str,
    parameters: int,
    *,
    facts: float | None,
    grammar: float | None,
    preparation: float = 10,
    state: RequestState = RequestState.FINISHED,
    attempt: int = 1,
    minutes: int = 0,
) -> Request:
    """Of a model of that size; its tasks took so many seconds, and None is outstanding."""
    base = a_request(f"acme/{name}", state, minutes=minutes, attempt=attempt)
    taken = {"facts": facts, "grammar": grammar}
    began = base.received_at
    ended = began + timedelta(seconds=preparation + sum(s or 0 for s in taken.values()))
    history = [HistoryEntry(at=began, what="evaluation.started")]
    if state is RequestState.FINISHED:
        history.append(HistoryEntry(at=ended, what="evaluation.finished"))
    return base.model_copy(
        update={
            "parameters": parameters,
            "tasks": tuple(
                TaskProgress(
                    task=task, seconds=seconds, scored_at=None if seconds is None else ended
                )
                for task, seconds in taken.items()
            ),
            "history": tuple(history),
        }
    )


FINISHED = [
    a_run("one", BILLION, facts=30, grammar=120),
    a_run("two", 2 * BILLION, facts=40, grammar=220),
    a_run("four", 4 * BILLION, facts=60, grammar=420),
]


@pytest.mark.parametrize(
    ("samples", "line"),
    [
        ([], Line()),
        ([(1, 12.0), (2, 14.0), (10, 30.0)], Line(10, 2)),
        ([(5, 30.0), (5, 30.0)], Line(15, 3)),
        ([(1, 40.0), (2, 40.0)], Line(40, 0)),
        ([(0, 8.0)], Line(4, 0)),
    ],
)
def test_a_line_is_found_through_times_that_lie_on_one(
    samples: list[tuple[int, float]], line: Line
) -> None:
    found = fitted(samples)

    assert (found.fixed_s, found.per_parameter_s) == pytest.approx(
        (line.fixed_s, line.per_parameter_s)
    )


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([(1, 50.0), (10, 5.0)], id="the larger was faster"),
        pytest.param([(1, 1.0), (10, 50.0)], id="more than proportional"),
        pytest.param([(1, 0.0), (10, 0.0)], id="no time at all"),
    ],
)
def test_no_line_promises_less_than_nothing(samples: list[tuple[int, float]]) -> None:
    line = fitted(samples)

    assert line.fixed_s >= 0
    assert line.per_parameter_s >= 0
    assert line.seconds(1) > 0


def test_one_run_that_hung_does_not_spoil_the_rest() -> None:
    usual = [(size, 10.0 + size) for size in (1, 2, 4, 8)]

    line = fitted([*usual, (4, 5000.0)])

    assert line.seconds(4) == pytest.approx(14, rel=0.5)


def test_each_task_and_the_preparation_are_learned() -> None:
    experience = learned(a_board(), FINISHED)

    assert experience.seconds("facts", 3 * BILLION) == pytest.approx(50)
    assert experience.seconds("grammar", 3 * BILLION) == pytest.approx(320)
    assert experience.seconds(PREPARATION, 3 * BILLION) == pytest.approx(10)
    waiting = a_run("three", 3 * BILLION, facts=None, grammar=None, state=RequestState.WAITING)
    assert experience.whole(waiting) == pytest.approx(380)


def test_what_teaches_nothing_is_left_out() -> None:
    others = [
        a_run("partial", BILLION, facts=1, grammar=None),
        a_run("failed", BILLION, facts=1, grammar=1, state=RequestState.FAILED),
        a_run("unsized", BILLION, facts=1, grammar=1).model_copy(update={"parameters": None}),
        a_run("elsewhere", BILLION, facts=1, grammar=1).model_copy(update={"board": "other"}),
    ]

    assert learned(a_board(), [*FINISHED, *others]) == learned(a_board(), FINISHED)


def test_the_waiting_between_attempts_is_no_preparation() -> None:
    twice = a_run("twice", BILLION, facts=30, grammar=120, preparation=9000, attempt=2)

    experience = learned(a_board(), [*FINISHED, twice])

    assert experience.seconds(PREPARATION, BILLION) == pytest.approx(10)


def test_only_the_newest_are_learned_from() -> None:
    newer = [
        a_run(f"newer-{number}", BILLION, facts=3, grammar=3, minutes=60 + number)
        for number in range(NEWEST)
    ]

    experience = learned(a_board(), [*FINISHED, *newer])

    assert experience.runs == NEWEST
    assert experience.seconds("grammar", BILLION) == pytest.approx(3)


@pytest.mark.parametrize(
    ("runs", "parameters", "doubt"),
    [
        (
            2,
            BILLION,
            "No estimate yet: it takes 3 finished evaluations on board demo, and there are 2.",
        ),
        (3, BILLION, ""),
        (3, BILLION // 4, ""),
        (3, BILLION // 5, "No estimate: no model of a similar size has finished on board demo."),
        (3, 16 * BILLION, ""),
        (3, 17 * BILLION, "No estimate: no model of a similar size has finished on board demo."),
        (3, None, "No estimate: how many parameters it has is not known."),
    ],
)
def test_it_says_when_it_cannot_tell(runs: int, parameters: int | None, doubt: str) -> None:
    assert learned(a_board(), FINISHED[:runs]).doubt(parameters) == doubt


# ── what is left of a running one ────────────────────────────────────────────────────────────────

EXPERIENCE = learned(a_board(), FINISHED)


def running(facts: float | None = None) -> Request:
    return a_run("now", BILLION, facts=facts, grammar=None, state=RequestState.RUNNING)


def at(
    phase: str, task: str | None = None, seconds_left: float | None = None
) -> EvaluationProgress:
    return EvaluationProgress(
        sid=running().sid,
        run=1,
        attempt=1,
        phase=phase,
        task=task,
        done=1,
        total=9,
        seconds_left=seconds_left,
    )


@pytest.mark.parametrize(
    ("request_", "progress", "seconds"),
    [
        pytest.param(running(), None, 7 + 30 + 120, id="nothing said yet: started 3 s ago"),
        pytest.param(running(), at("downloading"), 7 + 30 + 120, id="downloading"),
        pytest.param(running(), at("scoring", "facts"), 30 + 120, id="no rate yet"),
        pytest.param(running(), at("scoring", "facts", 12), 12 + 120, id="by its own rate"),
        pytest.param(running(60), at("scoring", "grammar", 5), 5, id="the last task"),
        pytest.param(running(60), at("scoring", "grammar"), 240, id="twice as slow as others"),
        pytest.param(running(), at("scoring", "unheard-of", 5), 7 + 150, id="another board's task"),
    ],
)
def test_time_left(request_: Request, progress: EvaluationProgress | None, seconds: float) -> None:
    left = time_left(request_, progress, EXPERIENCE, NOON + timedelta(seconds=3))

    assert left.seconds == pytest.approx(seconds)
    assert left.doubt == ""


def test_an_overdue_preparation_takes_no_time_away() -> None:
    left = time_left(running(), None, EXPERIENCE, NOON + timedelta(hours=1))

    assert left.seconds == pytest.approx(150)


def test_without_experience_only_the_last_task_has_an_end() -> None:
    nothing = learned(a_board(), [])

    assert time_left(running(60), at("scoring", "grammar", 5), nothing, NOON).seconds == 5
    left = time_left(running(), at("scoring", "facts", 5), nothing, NOON)
    assert left.seconds is None
    assert left.doubt.startswith("No estimate yet")


def test_a_task_that_the_board_has_lost_leaves_the_end_open() -> None:
    shorter = Experience("demo", 3, BILLION, BILLION, {"facts": Line(1), PREPARATION: Line()})

    assert (
        time_left(running(), None, shorter, NOON).doubt == "The board has no task grammar any more."
    )
