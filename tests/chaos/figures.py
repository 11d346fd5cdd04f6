"""What the record of a storm shows."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from contracts.evaluation import (
    EvaluationFinished,
    EvaluationProgress,
    EvaluationStarted,
    EvaluationTaskScored,
)
from tests.chaos.storm import Kill
from tests.chaos.witness import Attempt, Recorded, Statement, attempt_of

Task = tuple[str, int, str]
"""Submission, run and task."""


def repeated(record: Sequence[Recorded]) -> list[tuple[Attempt, Task]]:
    """Tasks that an attempt worked at although they had their score when it began."""
    began = {
        attempt_of(each.said): each.at
        for each in record
        if isinstance(each.said, EvaluationStarted)
    }
    scored = {
        (each.said.sid, each.said.run, each.said.task): each.at
        for each in record
        if isinstance(each.said, EvaluationTaskScored)
    }
    return [
        (attempt, task)
        for task, attempts in _workers(record).items()
        for attempt in attempts
        if task in scored and began[attempt] > scored[task]
    ]


def begun_again(record: Sequence[Recorded]) -> int:
    """How often work at a task was begun that another attempt had begun before."""
    return sum(len(attempts) - 1 for attempts in _workers(record).values())


def _workers(record: Sequence[Recorded]) -> dict[Task, set[Attempt]]:
    attempts = defaultdict(set)
    for each in record:
        match each.said:
            case EvaluationProgress(sid=sid, run=run, task=str(task)):
                attempts[sid, run, task].add(attempt_of(each.said))
    return attempts


def lost_seconds(
    record: Sequence[Recorded],
    checkpoints: Sequence[tuple[datetime, Attempt]],
    kills: Sequence[Kill],
) -> float:
    """For each attempt that did not finish its run: what it did after its last score or
    checkpoint, until it was killed or, if it was not, said its last."""
    kept: dict[Attempt, datetime] = {}
    last: dict[Attempt, Statement] = {}
    ended: dict[Attempt, datetime] = {}
    for each in record:
        attempt = attempt_of(each.said)
        last[attempt], ended[attempt] = each.said, each.at
        if not isinstance(each.said, EvaluationProgress):
            kept[attempt] = each.at
    for at, attempt in checkpoints:
        kept[attempt] = max(at, kept[attempt])
    for kill in kills:
        if kill.attempt in ended:
            ended[kill.attempt] = max(kill.at, ended[kill.attempt])
    return sum(
        max(0.0, (ended[attempt] - kept[attempt]).total_seconds())
        for attempt, said in last.items()
        if not isinstance(said, EvaluationFinished)
    )
