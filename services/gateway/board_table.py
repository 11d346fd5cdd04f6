"""A board as a table: rows in order, each cell with how it compares within its column."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.board import Board
from contracts.views import Entry, TaskScore
from services.gateway.ranking import Row, ranked

HEAT_STEPS = 8


@dataclass(frozen=True)
class Cell:
    task: str
    score: TaskScore | None
    heat: int = 0
    """0, the column's lowest score or none at all, to HEAT_STEPS, its highest."""
    best: bool = False


@dataclass(frozen=True)
class TableRow:
    row: Row
    cells: tuple[Cell, ...]
    """One per task of the board, in its order."""

    @property
    def entry(self) -> Entry:
        return self.row.entry

    @property
    def scored(self) -> int:
        return sum(cell.score is not None for cell in self.cells)


@dataclass(frozen=True)
class BoardTable:
    board: Board
    ranked: tuple[TableRow, ...]
    provisional: tuple[TableRow, ...]


@dataclass(frozen=True)
class _Span:
    low: float
    high: float

    def heat(self, score: float) -> int:
        if self.high == self.low:
            return 0
        return round(HEAT_STEPS * (score - self.low) / (self.high - self.low))


def board_table(board: Board, entries: Iterable[Entry]) -> BoardTable:
    rows = ranked(entries)
    spans = _spans(board, rows)
    table = [TableRow(row, tuple(_cells(board, row, spans))) for row in rows]
    return BoardTable(
        board,
        tuple(row for row in table if row.row.rank is not None),
        tuple(row for row in table if row.row.rank is None),
    )


def _spans(board: Board, rows: Iterable[Row]) -> dict[str, _Span]:
    scores: dict[str, list[float]] = {task.id: [] for task in board.tasks}
    for row in rows:
        for task, score in row.entry.scores.items():
            if task in scores:
                scores[task].append(score.normalized)
    return {task: _Span(min(found), max(found)) for task, found in scores.items() if found}


def _cells(board: Board, row: Row, spans: dict[str, _Span]) -> Iterable[Cell]:
    for task in board.tasks:
        score = row.entry.scores.get(task.id)
        if score is None:
            yield Cell(task.id, None)
        else:
            span = spans[task.id]
            best = score.normalized == span.high and span.high > span.low
            yield Cell(task.id, score, span.heat(score.normalized), best)
