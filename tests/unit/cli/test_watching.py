from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.text import Text

from cli import times
from cli.watching import Told, progress_line, queue_line, validation_line

PLACE = {
    "tier": "small",
    "lane": "normal",
    "place": 2,
    "waiting": 5,
    "evaluators": 1,
    "starts_at": None,
    "seconds": None,
    "unknown_because": None,
}
PROGRESS = {
    "phase": "scoring",
    "task": "facts",
    "done": 30,
    "total": 120,
    "per_second": 1.5,
    "task_seconds_left": 60.0,
    "seconds_left": 600.0,
    "unknown_because": None,
}


def step(what: str, sentence: str, note: str = "") -> dict[str, Any]:
    return {"at": "2026-01-01T12:00:00Z", "what": what, "note": note, "sentence": sentence}


def a_request(*history: dict[str, Any], **known: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "queue": None,
        "progress": None,
        "tasks": [],
        "tasks_scored": 0,
        "tasks_total": 2,
    }
    return {"history": list(history), **nothing, **known}


def printed(told: Told, event: str, data: dict[str, Any]) -> list[str]:
    """Without the times in front."""
    return [str(line)[len("1 Jan 12:00:00") :].strip() for line in told.after(event, data)]


def test_each_step_is_told_once() -> None:
    told = Told()
    received = step("submission.received", "Submitted by ada.")
    accepted = step("submission.accepted", "Accepted.")

    assert printed(told, "request", a_request(received)) == ["Submitted by ada."]
    assert printed(told, "request", a_request(received, accepted)) == ["Accepted."]
    assert printed(told, "request", a_request(received, accepted)) == []


def test_a_score_stands_in_its_step() -> None:
    scored = step("evaluation.task_scored", "Task scored: facts.", note="facts")
    tasks = [{"task": "facts", "score": 41.237}, {"task": "grammar", "score": None}]

    [line] = printed(Told(), "request", a_request(scored, tasks=tasks))

    assert line == "Task scored: facts, 41.24."


def test_a_place_is_told_when_it_or_who_serves_changes() -> None:
    told = Told()
    places = [
        PLACE,
        PLACE | {"waiting": 9},
        PLACE | {"place": 1},
        PLACE | {"place": 1, "starts_at": "2026-01-01T12:00:00Z"},
        PLACE | {"place": 1, "evaluators": 0, "unknown_because": "No evaluator serves it."},
    ]

    lines = [line for place in places for line in printed(told, "queue", place)]

    assert lines == [
        "Place 2 of 5 in tier small, which 1 evaluator serves.",
        "Place 1 of 5 in tier small, which 1 evaluator serves.",
        "Place 1 of 5 in tier small. No evaluator serves it.",
    ]


def test_progress_is_shown_and_not_printed() -> None:
    told = Told()
    told.after("request", a_request())
    list(told.after("request", a_request(tasks_scored=1)))

    assert printed(told, "progress", PROGRESS) == []

    assert isinstance(told.progress, Text)
    assert str(told.progress).startswith("Task 2 of 2: scoring facts")
    list(told.after("request", a_request()))
    assert str(told.progress) == ""


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "Task 1 of 2: scoring facts, 30 of 120, 1.5/s, 60 s left of it, 10 min of all"),
        (
            {"phase": "downloading", "task": None, "done": 5e6, "total": 20e6, "per_second": 2e6}
            | {"task_seconds_left": 7.5, "seconds_left": None},
            "Task 1 of 2: downloading, 5 of 20 MB, 2.0 MB/s, 8 s left of it",
        ),
        (
            {"phase": "loading", "task": None, "done": 0, "total": 0, "per_second": None}
            | {"task_seconds_left": None, "seconds_left": None},
            "Task 1 of 2: loading",
        ),
    ],
)
def test_a_line_of_progress(changed: dict[str, Any], line: str) -> None:
    assert progress_line(PROGRESS | changed, a_request()) == line


def test_a_place_says_when_it_starts_and_how_long_it_takes() -> None:
    starts_at = (datetime.now(UTC) + timedelta(minutes=12, seconds=5)).isoformat()

    line = queue_line(PLACE | {"starts_at": starts_at, "seconds": 7300, "evaluators": 2})

    assert line == (
        "Place 2 of 5 in tier small, which 2 evaluators serve; starts in about 12 min;"
        " takes about 2 h 2 min."
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5400, "1 h 30 min"),
        (47.9 * 3600, "47 h 54 min"),
        (50 * 3600, "2 d 2 h"),
    ],
)
def test_durations_are_as_exact_as_an_estimate_deserves(seconds: float, text: str) -> None:
    assert times.duration(seconds) == text


def test_a_moment_that_is_here_is_not_about_to_be_negative() -> None:
    assert times.until((datetime.now(UTC) - timedelta(hours=1)).isoformat()) == "any moment"


VALIDATION = {
    "reading": "the headers of the weights",
    "rules": [{"outcome": outcome} for outcome in ("kept", "not-applicable", "waiting")],
}


def test_a_validation_tells_what_is_settled_until_it_falls_silent() -> None:
    told = Told()

    printed(told, "validation", VALIDATION)
    assert str(told.progress) == "2 of 3 rules settled; reads the headers of the weights"

    assert list(told.after("validation", None)) == []
    assert str(told.progress) == ""

    printed(told, "request", a_request(validation=VALIDATION))
    assert str(told.progress) == "2 of 3 rules settled; reads the headers of the weights"


def test_what_is_broken_already_is_counted() -> None:
    broken = VALIDATION | {"rules": [{"outcome": "broken"}, {"outcome": "waiting"}]}

    assert validation_line(broken).startswith("1 of 2 rules settled, 1 broken; reads")
