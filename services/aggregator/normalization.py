"""From lm-eval's raw metrics to one cell of the board."""

from collections.abc import Sequence
from math import fsum

from contracts.board import Averaging, BoardTask
from contracts.evaluation import EvaluationTaskScored, HarnessResult
from contracts.views import SubtaskScore, TaskScore


class IncomputableScoreError(Exception):
    """The results lack what the board's definition asks for, as when the definition has changed."""


def normalized(raw: float, floor: float) -> float:
    """0 at `floor` (what guessing scores) or below, 100 at a raw 1.0. `raw` and `floor` are 0 to 1.

    The Open LLM Leaderboard's formula; its upper bound is always 1."""
    return 0.0 if raw < floor else (raw - floor) / (1 - floor) * 100


def score_task(
    task: BoardTask, scored: EvaluationTaskScored, limit: int | None = None
) -> TaskScore:
    """`limit` is the board's. Raises IncomputableScoreError, naming what is missing or unlike."""
    if scored.provenance and scored.provenance.limit != limit:
        # On a trial's board a full score would stand above all others, and the other way round.
        raise IncomputableScoreError(
            f"task {scored.task!r} was scored with a limit of {scored.provenance.limit} documents,"
            f" and the board has {limit}"
        )
    results = [_result_of(name, scored) for name in task.harness_tasks]
    raws = [_raw(result, task.metrics) for result in results]
    sizes = [result.samples for result in results]
    floors = [part.floor for part in task.subtasks] if task.normalizes_subtasks else [task.floor]
    parts = tuple(
        SubtaskScore(
            harness_task=result.task,
            raw=raw,
            stderr=result.stderrs.get(task.metrics[0]) if len(task.metrics) == 1 else None,
            normalized=normalized(raw, floor),
            samples=result.samples,
            prompt_hash=result.prompt_hash,
            data_set=result.data.repo_id if result.data else "",
            data_revision=result.data.revision if result.data else "",
        )
        for result, raw, floor in zip(
            results, raws, floors if task.normalizes_subtasks else floors * len(raws), strict=True
        )
    )
    raw = _averaged(task, raws, sizes)
    return TaskScore(
        raw=raw,
        # Clamping at 0 makes the two ways differ: a subtask below chance pulls no other one down.
        normalized=_averaged(task, [part.normalized for part in parts], sizes)
        if task.normalizes_subtasks
        else normalized(raw, task.floor),
        subtasks=parts,
        seconds=scored.seconds,
        engine=scored.engine,
        versions=scored.versions,
        details=scored.details,
        provenance=scored.provenance,
    )


def _result_of(name: str, scored: EvaluationTaskScored) -> HarnessResult:
    for result in scored.results:
        if result.task == name:
            return result
    found = ", ".join(result.task for result in scored.results)
    raise IncomputableScoreError(f"task {scored.task!r} needs {name!r}; its results are {found}")


def _raw(result: HarnessResult, metrics: Sequence[str]) -> float:
    if missing := [metric for metric in metrics if metric not in result.metrics]:
        raise IncomputableScoreError(
            f"{result.task!r} has no metric {missing[0]!r}; it has {', '.join(result.metrics)}"
        )
    return fsum(result.metrics[metric] for metric in metrics) / len(metrics)


def _averaged(task: BoardTask, values: Sequence[float], sizes: Sequence[int]) -> float:
    if len(values) == 1:
        return values[0]
    if task.average is Averaging.UNWEIGHTED:
        return fsum(values) / len(values)
    if not sum(sizes):
        raise IncomputableScoreError(f"task {task.id!r} is weighted by size but has no samples")
    return fsum(value * size for value, size in zip(values, sizes, strict=True)) / sum(sizes)
