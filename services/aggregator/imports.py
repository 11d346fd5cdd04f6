"""What other boards say of a model: the newest import of each kind counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.board import Board, BoardTask
from contracts.imports import (
    ImportedScore,
    ImportedTask,
    RequestImported,
    ResultsImported,
    RowImported,
)
from contracts.views import TaskScore
from services.aggregator.facts import Fact, of_kind
from services.aggregator.normalization import (
    Column,
    IncomputableScoreError,
    check_limit,
    normalized,
)

# Published values differ from recomputed ones in the last digits of a float.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Imported:
    row: Fact[RowImported] | None
    results: Fact[ResultsImported] | None
    request: Fact[RequestImported] | None
    since: int
    """Place in EVENTS of the first of them: the model had its name then."""

    @classmethod
    def of(cls, facts: Iterable[Fact[Any]]) -> "Imported | None":
        """`facts` are those of one submission, in stream order. None when no scores are among
        them."""
        facts = list(facts)
        row = next(reversed(of_kind(RowImported, facts)), None)
        results = next(reversed(of_kind(ResultsImported, facts)), None)
        first = next((fact for fact in facts if isinstance(fact.event, _WITH_SCORES)), None)
        if first is None:
            return None
        request = next(reversed(of_kind(RequestImported, facts)), None)
        return cls(row, results, request, first.sequence)

    @property
    def newest(self) -> Fact[RowImported] | Fact[ResultsImported]:
        facts = [fact for fact in (self.row, self.results) if fact]
        return max(facts, key=lambda fact: fact.sequence)

    def cells(self, board: Board) -> tuple[dict[str, TaskScore], tuple[str, ...]]:
        """By task id, in the board's order; and why something is missing. What lm-eval reported
        goes before what a table says."""
        cells: dict[str, TaskScore] = {}
        problems: list[str] = []
        for task in board.tasks:
            try:
                cell = self._cell(task, board)
            except IncomputableScoreError as fault:
                problems.append(f"import: {fault}")
            else:
                if cell:
                    cells[task.id] = cell
        return cells, tuple(problems)

    def _cell(self, task: BoardTask, board: Board) -> TaskScore | None:
        if self.results:
            event = self.results.event
            for reported in event.tasks:
                if reported.task == task.id:
                    check_limit(task, event.limit, board.limit)
                    return _computed(task, reported, event.versions)
        if self.row and task.id in self.row.event.scores:
            check_limit(task, None, board.limit)
            return _published(task, self.row.event.scores[task.id])
        return None


_WITH_SCORES = (RowImported, ResultsImported)


def _computed(task: BoardTask, reported: ImportedTask, versions: dict[str, str]) -> TaskScore:
    column = Column.of(task, reported.results, reported.whole)
    return TaskScore(
        raw=column.raw,
        normalized=column.normalized,
        stderr=column.stderr,
        subtasks=column.subtasks,
        seconds=0,
        engine="",
        versions=versions,
        details=None,
    )


def _published(task: BoardTask, score: ImportedScore) -> TaskScore:
    return TaskScore(
        raw=score.raw,
        normalized=_normalized(task, score),
        subtasks=(),
        seconds=0,
        engine="",
        versions={},
        details=None,
    )


def _normalized(task: BoardTask, score: ImportedScore) -> float:
    """As published, to the last bit, where the definition gives just that or where the subtasks
    would be needed; else by the definition."""
    if task.normalizes_subtasks:
        return score.normalized
    computed = normalized(score.raw, task.floor)
    return score.normalized if abs(computed - score.normalized) <= _ROUNDING else computed
