"""The scores in one row of a published table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from cli.importing.problems import Problem, problems_of
from contracts.board import Board, BoardTask
from contracts.imports import ImportedScore

AVERAGE = "Average ⬆️"
# Where scores and average are rounded to two digits, each may be off by half a hundredth.
_TOLERANCE = 0.0101

_Score = TypeAdapter(FiniteFloat)


class MissingColumnError(Exception):
    """The table is not one of this board's; the message names the columns."""


@dataclass(frozen=True)
class TaskColumns:
    raw: str | None
    """None in a table that has the normalised score alone: the raw one times 100."""
    normalized: str


def is_given(value: object) -> bool:
    return not (value is None or value == "" or (isinstance(value, float) and isnan(value)))


def task_columns(
    row: Mapping[str, object], board: Board, naming: Sequence[Sequence[str]]
) -> dict[str, TaskColumns]:
    """By task id, as the table spells them. Raises MissingColumnError when one is not there, or of
    `naming` none of a group."""
    spelled = {name.casefold(): name for name in row}
    missing = [names[0] for names in naming if not any(name in row for name in names)]
    columns = {}
    for task in board.tasks:
        raw, normalized = f"{task.title} Raw", task.title
        missing += (
            name
            for name in (normalized, *(() if _is_normalized_by_100(task) else (raw,)))
            if name.casefold() not in spelled
        )
        columns[task.id] = TaskColumns(
            spelled.get(raw.casefold()), spelled.get(normalized.casefold(), normalized)
        )
    if missing:
        raise MissingColumnError(
            f"the table has no column {', '.join(map(repr, missing))}; it has"
            f" {', '.join(map(repr, row))}"
        )
    return columns


def read_scores(
    row: Mapping[str, object],
    columns: Mapping[str, TaskColumns],
    where: str,
    problems: list[Problem],
) -> dict[str, ImportedScore] | None:
    """None when one cannot be read. A task whose cells are empty is missing, not 0."""
    scores: dict[str, ImportedScore] = {}
    found: list[Problem] = []
    for task, each in columns.items():
        if not any(is_given(row[name]) for name in (each.raw, each.normalized) if name):
            continue
        normalized = _number(row, each.normalized, 100, where, found)
        if each.raw:
            raw = _number(row, each.raw, 1, where, found)
        else:
            raw = None if normalized is None else normalized / 100
        if raw is not None and normalized is not None:
            scores[task] = ImportedScore(raw=raw, normalized=normalized)
    if not found and not scores:
        found.append(Problem(where, "", "", "has no score at all"))
    if not found and len(scores) == len(columns) and AVERAGE in row:
        mean = sum(score.normalized for score in scores.values()) / len(scores)
        average = _number(row, AVERAGE, 100, where, found)
        if average is not None and abs(average - mean) > _TOLERANCE:
            what = f"the mean of its tasks is {mean:.4f}"
            found.append(Problem(where, AVERAGE, repr(row[AVERAGE]), what))
    problems += found
    return None if found else scores


def _is_normalized_by_100(task: BoardTask) -> bool:
    return not task.normalizes_subtasks and task.floor == 0


def _number(
    row: Mapping[str, object], column: str, most: float, where: str, problems: list[Problem]
) -> float | None:
    try:
        number = _Score.validate_python(row[column])
    except ValidationError as fault:
        problems += (
            Problem(where, column, problem.found, problem.what)
            for problem in problems_of(fault, where)
        )
        return None
    if not 0 <= number <= most * (1 + 1e-12):
        problems.append(Problem(where, column, repr(row[column]), f"must be 0 to {most}"))
        return None
    return number
