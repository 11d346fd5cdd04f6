"""A board as a table: a page of rows, each cell with how it compares within its column."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.board import Board
from services.gateway.board_views import BoardEntry, board_entries
from services.gateway.query.asked import Asked
from services.gateway.query.board_columns import score_column
from services.gateway.query.engine import Ranked, find
from services.gateway.query.service import PAGE
from services.gateway.query.standing import Weighting
from services.gateway.query.terms import Search
from services.gateway.score_views import Score

HEAT_STEPS = 8


@dataclass(frozen=True)
class Cell:
    task: str
    score: Score | None
    heat: int = 0
    """0, the column's lowest score or none at all, to HEAT_STEPS, its highest."""
    best: bool = False


@dataclass(frozen=True)
class TableRow:
    entry: BoardEntry
    cells: tuple[Cell, ...]
    """One per task of the board, in its order."""

    @property
    def scored(self) -> int:
        return sum(cell.score is not None for cell in self.cells)


@dataclass(frozen=True)
class BoardTable:
    board: Board
    asked: Asked
    search: Search
    rows: tuple[TableRow, ...]
    total: int
    """Rows on all pages."""
    ranked: int
    """Rows of the whole board that have a rank."""
    filtered: bool
    """Whether something was asked for that not every row is."""
    next: str | None
    """Address of the page that follows."""


@dataclass(frozen=True)
class _Span:
    low: float
    high: float

    def heat(self, score: float) -> int:
        if self.high == self.low:
            return 0
        return round(HEAT_STEPS * (score - self.low) / (self.high - self.low))


def board_table(ranked: Ranked, asked: Asked) -> BoardTable:
    """Raises Refusal for what the board cannot answer."""
    snapshot = ranked.snapshot
    query = asked.paged(PAGE).query(snapshot.columns)
    found = find(ranked, query)
    spans = _spans(ranked)
    return BoardTable(
        board=snapshot.board,
        asked=asked,
        search=query.search,
        rows=tuple(
            TableRow(entry, tuple(_cells(snapshot.board, entry, spans)))
            for entry in board_entries(found.rows, snapshot.columns)
        ),
        total=found.total,
        ranked=int(ranked.rows(Weighting())["rank"].count()),
        filtered=bool(query.search.alternatives or query.filters.conditions()),
        next=asked.address(f"/boards/{snapshot.board.name}", after=found.next)
        if found.next
        else None,
    )


def _spans(ranked: Ranked) -> dict[str, _Span]:
    """Over the whole board, so that a cell keeps its tint whatever is searched."""
    rows = ranked.snapshot.rows
    spans = {}
    for task in ranked.snapshot.columns.tasks:
        scores = rows[score_column(task)]
        low, high = scores.min(), scores.max()
        if isinstance(low, float) and isinstance(high, float):
            spans[task] = _Span(low, high)
    return spans


def _cells(board: Board, entry: BoardEntry, spans: dict[str, _Span]) -> Iterable[Cell]:
    for task in board.tasks:
        score = entry.scores.get(task.id)
        if score is None:
            yield Cell(task.id, None)
        else:
            span = spans[task.id]
            best = score.normalized == span.high and span.high > span.low
            yield Cell(task.id, score, span.heat(score.normalized), best)
