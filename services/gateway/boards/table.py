"""A board as a table: a page of rows, each cell with how it compares within its column."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from contracts.board import Board
from services.gateway.boards.score_views import Score
from services.gateway.boards.views import BoardEntry, board_entries
from services.gateway.query.asked import Asked
from services.gateway.query.board_columns import score_column
from services.gateway.query.engine import Query, Ranked, find

HEAT_STEPS = 8
PAGE = 50
"""Rows of a page: a few screens, as each keystroke of a search draws them anew."""
_SCALE_STEP = 10
"""The bars of averages end at a multiple of it."""


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
    values: Mapping[str, Any]
    """Of every column, by name."""

    @property
    def scored(self) -> int:
        return sum(cell.score is not None for cell in self.cells)


@dataclass(frozen=True)
class BoardTable:
    board: Board
    query: Query
    rows: tuple[TableRow, ...]
    pinned: tuple[TableRow, ...]
    """Whatever else is asked for, in the order of their pins."""
    total: int
    """Rows on all pages."""
    entries: int
    """Rows of the whole board."""
    scale: int
    """Where the bars of averages end."""
    ranked: int
    """Rows of the whole board that have an average."""
    sure: int
    """Those of them whose average has a standard error."""
    groups: frozenset[int]
    """Numbers of the groups that hold several rows."""
    filtered: bool
    """Whether something was asked for that not every row is."""
    next: str | None
    """Cursor of the page that follows."""


@dataclass(frozen=True)
class _Span:
    low: float
    high: float

    def heat(self, score: float) -> int:
        if self.high == self.low:
            return 0
        return round(HEAT_STEPS * (score - self.low) / (self.high - self.low))


def board_table(ranked: Ranked, asked: Asked, pins: Collection[str] = ()) -> BoardTable:
    """Raises Refusal for what the board cannot answer. A pin without a row is passed over."""
    snapshot = ranked.snapshot
    query = asked.paged(PAGE).query(snapshot.columns)
    found = find(ranked, query)
    rows = ranked.rows(query.weighting)
    spans = _spans(ranked)
    pinned = {row.entry.request_id: row for row in _table_rows(ranked, _only(rows, pins), spans)}
    return BoardTable(
        board=snapshot.board,
        query=query,
        rows=tuple(_table_rows(ranked, found.rows, spans)),
        pinned=tuple(pinned[pin] for pin in pins if pin in pinned),
        total=found.total,
        entries=rows.height,
        scale=_scale(rows),
        ranked=rows["average"].count(),
        sure=rows["average_stderr"].count(),
        groups=_groups(rows),
        filtered=query.filtered,
        next=found.next,
    )


def _only(rows: pl.DataFrame, ids: Collection[str]) -> pl.DataFrame:
    return rows.filter(pl.col("id").is_in(list(ids))) if ids else rows.clear()


def _groups(rows: pl.DataFrame) -> frozenset[int]:
    sizes = rows["rank_group"].drop_nulls().value_counts(name="size")
    return frozenset(sizes.filter(pl.col("size") > 1)["rank_group"])


def _table_rows(
    ranked: Ranked, rows: pl.DataFrame, spans: Mapping[str, _Span]
) -> Iterable[TableRow]:
    board = ranked.snapshot.board
    entries = board_entries(rows, ranked.snapshot.columns)
    for entry, values in zip(entries, rows.iter_rows(named=True), strict=True):
        yield TableRow(entry, tuple(_cells(board, entry, spans)), values)


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


def _scale(rows: pl.DataFrame) -> int:
    high = rows.select(pl.max_horizontal("average", "average_high").max()).item() or 0
    return min(100, _SCALE_STEP * int(high // _SCALE_STEP + 1))


def _cells(board: Board, entry: BoardEntry, spans: Mapping[str, _Span]) -> Iterable[Cell]:
    for task in board.tasks:
        score = entry.scores.get(task.id)
        if score is None:
            yield Cell(task.id, None)
        else:
            span = spans[task.id]
            best = score.normalized == span.high and span.high > span.low
            yield Cell(task.id, score, span.heat(score.normalized), best)
