"""From lm-eval's raw metrics to one cell of the board, and from the cells to its average."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from contracts.board import Averaging, Board, BoardTask
from contracts.evaluation import EvaluationTaskScored, HarnessResult
from contracts.views import SubtaskScore, TaskScore
from services.aggregator.uncertainty import of_clamped, of_dependent_mean, of_mean, of_share

_FORMULAS = "1"
"""Raised with every change of this module that moves a score."""


class IncomputableScoreError(Exception):
    """The results lack what the board's definition asks for, as when the definition has changed."""


def normalized(raw: float, floor: float) -> float:
    """0 at `floor` (what guessing scores) or below, 100 at a raw 1.0. `raw` and `floor` are 0 to 1.

    The Open LLM Leaderboard's formula; its upper bound is always 1."""
    return 0.0 if raw < floor else (raw - floor) / (1 - floor) * 100


def mean_of_tasks(scores: Iterable[float]) -> float:
    """Added from left to right, in the board's order: so the published averages come out to the
    last bit. `sum` compensates for rounding from Python 3.12 on, and gives others."""
    total, count = 0.0, 0
    for score in scores:
        total += score
        count += 1
    return total / count


_FOR_READERS = {"title", "description", "category", "source", "human", "shows_questions"}


def scoring_version(board: Board) -> str:
    """12 hex digits over what decides how the board's raw scores become those that are shown."""
    decisive = {
        "formulas": _FORMULAS,
        "limit": board.limit,
        "tasks": [task.model_dump(mode="json", exclude=_FOR_READERS) for task in board.tasks],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


def score_task(
    task: BoardTask, scored: EvaluationTaskScored, limit: int | None = None
) -> TaskScore:
    """`limit` is the board's. Raises IncomputableScoreError, naming what is missing or unlike."""
    if scored.provenance:
        check_limit(task, scored.provenance.limit, limit)
    column = Column.of(task, scored.results)
    return TaskScore(
        raw=column.raw,
        normalized=column.normalized,
        stderr=column.stderr,
        subtasks=column.subtasks,
        seconds=scored.seconds,
        engine=scored.engine,
        versions=scored.versions,
        details=scored.details,
        provenance=scored.provenance,
    )


def check_limit(task: BoardTask, scored: int | None, of_the_board: int | None) -> None:
    """Of documents. Raises IncomputableScoreError when they differ: on a trial's board a full score
    would stand above all others, and the other way round."""
    if scored != of_the_board:
        raise IncomputableScoreError(
            f"task {task.id!r} was scored with a limit of {scored} documents, and the board has"
            f" {of_the_board}"
        )


@dataclass(frozen=True)
class Column:
    """One task's numbers, by the board's definition."""

    raw: float
    normalized: float
    stderr: float | None
    """Of `normalized`."""
    subtasks: tuple[SubtaskScore, ...]

    @classmethod
    def of(
        cls, task: BoardTask, results: Sequence[HarnessResult], whole: float | None = None
    ) -> "Column":
        """`whole` is the raw score of the group, for results that don't say how many documents
        each has. Raises IncomputableScoreError, naming what is missing."""
        by_name = {result.task: result for result in reversed(results)}
        counting = [_result_of(name, task, by_name) for name in task.harness_tasks]
        is_normalized_first = task.normalizes_subtasks
        floors = (
            [part.floor for part in task.subtasks]
            if is_normalized_first
            else [task.floor] * len(counting)
        )
        raws, stderrs = _measured(counting, task.metrics)
        parts = tuple(
            [
                SubtaskScore(
                    harness_task=result.task,
                    raw=raw,
                    stderr=stderr,
                    normalized=normalized(raw, floor),
                    samples=result.samples,
                    prompt_hash=result.prompt_hash,
                    data_set=result.data.repo_id if result.data else "",
                    data_revision=result.data.revision if result.data else "",
                )
                for result, raw, stderr, floor in zip(counting, raws, stderrs, floors, strict=True)
            ]
        )
        weights = _weights(task, counting)
        raw = _averaged(task, raws, weights, whole)
        if is_normalized_first:
            # Clamping at 0 makes the two ways differ: one below chance pulls no other one down.
            score = _averaged(task, [part.normalized for part in parts], weights)
            errors = list(map(_normalized_stderr, raws, stderrs, floors))
            return cls(raw, score, of_mean(errors, weights), parts)
        error = _normalized_stderr(raw, of_mean(stderrs, weights), task.floor) if weights else None
        return cls(raw, normalized(raw, task.floor), error, parts)


def _result_of(name: str, task: BoardTask, by_name: Mapping[str, HarnessResult]) -> HarnessResult:
    if result := by_name.get(name):
        return result
    found = ", ".join(reversed([*by_name]))
    raise IncomputableScoreError(f"task {task.id!r} needs {name!r}; its results are {found}")


def _measured(
    results: Sequence[HarnessResult], metrics: Sequence[str]
) -> tuple[list[float], list[float | None]]:
    """Raw scores and their standard errors."""
    if len(metrics) == 1:
        # Most tasks have one metric and many subtasks: a mean of one is that one.
        (metric,) = metrics
        of_metric = [_of_metric(result, metric) for result in results]
        return [raw for raw, _ in of_metric], [stderr for _, stderr in of_metric]
    raws: list[float] = []
    stderrs: list[float | None] = []
    for result in results:
        values, errors = zip(*[_of_metric(result, metric) for metric in metrics], strict=True)
        raws.append(fsum(values) / len(metrics))
        stderrs.append(of_dependent_mean(errors))
    return raws, stderrs


def _of_metric(result: HarnessResult, metric: str) -> tuple[float, float | None]:
    """Its value and the standard error of that."""
    value = result.metrics.get(metric)
    if value is None:
        raise IncomputableScoreError(
            f"{result.task!r} has no metric {metric!r}; it has {', '.join(result.metrics)}"
        )
    stderr = result.stderrs.get(metric)
    # lm-eval knows none for IFEval's accuracy by instruction, which several in a prompt share.
    # Adding 0 makes a -0.0 the 0.0 that it means.
    return value + 0.0, of_share(value, result.samples) if stderr is None else stderr


def _normalized_stderr(raw: float, stderr: float | None, floor: float) -> float | None:
    scale = 100 / (1 - floor)
    return None if stderr is None else of_clamped((raw - floor) * scale, stderr * scale)


def _weights(task: BoardTask, results: Sequence[HarnessResult]) -> list[float]:
    """Empty when the task is weighted by size and a size is unknown."""
    if len(results) == 1 or task.average is Averaging.UNWEIGHTED:
        return [1.0] * len(results)
    sizes = [float(result.samples) for result in results]
    return sizes if all(sizes) else []


def _averaged(
    task: BoardTask, values: Sequence[float], weights: Sequence[float], whole: float | None = None
) -> float:
    if len(values) == 1:
        return values[0]
    if weights:
        products = (value * weight for value, weight in zip(values, weights, strict=True))
        return fsum(products) / fsum(weights)
    if whole is None:
        raise IncomputableScoreError(
            f"task {task.id!r} is weighted by size, and a subtask has no samples"
        )
    return whole
