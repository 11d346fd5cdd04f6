"""A board's entries as columns, kept current change by change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from contracts.board import Board
from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import Column, Kind
from services.gateway.query.rows import EntryRow

FOLDED_NAME = "_name"
"""Column with the models in lower case, which searches read and which orders equal rows."""
SINCES, AVERAGES = "_sinces", "_averages"
"""Columns with lists: since when each row had which averages, the oldest first."""
_AT_ONCE = 10_000
"""Rows that are in memory as objects while a large board is read."""
_MOST_CHUNKS = 64
"""So many batches of changes are appended before their memory is joined."""


@dataclass(frozen=True)
class Snapshot:
    """A board at one version. Never changes, so any number of threads may read it."""

    board: Board
    columns: Columns
    rows: pl.DataFrame
    """In no particular order: every stored column, FOLDED_NAME, SINCES and AVERAGES."""
    version: str
    """Equal on every gateway that has read as much of this board."""
    _values: dict[str, pl.Series] = field(default_factory=dict, repr=False, compare=False)

    def values(self, name: str) -> pl.Series:
        """The different values of a column, as text, without null."""
        if name not in self._values:
            self._values[name] = self.rows[name].unique().cast(pl.String).drop_nulls()
        return self._values[name]


class BoardFrame:
    def __init__(self, board: Board, rows: Iterable[EntryRow] = ()) -> None:
        self.board = board
        self._columns = Columns(board)
        self._rows = self._frame_of(iter(rows)).rechunk()
        self._chunks = 1

    def snapshot(self, version: str) -> Snapshot:
        return Snapshot(self.board, self._columns, self._rows, version)

    def apply(self, changes: Mapping[str, EntryRow | None]) -> None:
        """By submission id; None for a row that is gone. Snapshots that were taken stay as they
        are."""
        changed = pl.Series("id", list(changes), dtype=pl.String)
        kept = self._rows.filter(~pl.col("id").is_in(changed.implode()))
        self._rows = kept.vstack(self._frame_of(row for row in changes.values() if row))
        self._chunks += 1
        if self._chunks > _MOST_CHUNKS:
            self._rows = self._rows.rechunk()
            self._chunks = 1

    def _frame_of(self, rows: Iterator[EntryRow]) -> pl.DataFrame:
        frame = _frame(self._columns.stored, ())
        while batch := tuple(islice(rows, _AT_ONCE)):
            frame.vstack(_frame(self._columns.stored, batch), in_place=True)
        return frame


def _frame(columns: Sequence[Column], rows: Sequence[EntryRow]) -> pl.DataFrame:
    frame = pl.DataFrame([_series(column, rows) for column in columns])
    sinces = [[level.since for level in row.averages] for row in rows]
    averages = [[level.average for level in row.averages] for row in rows]
    return frame.with_columns(
        pl.col("model").str.to_lowercase().alias(FOLDED_NAME),
        pl.Series(SINCES, sinces, pl.List(pl.Datetime("us", "UTC"))),
        pl.Series(AVERAGES, averages, pl.List(pl.Float64)),
    )


def _series(column: Column, rows: Sequence[EntryRow]) -> pl.Series:
    assert column.value
    cells = [column.value(row) for row in rows]
    if column.kind in (Kind.TEXT, Kind.CHOICE):
        # What a contract leaves empty is unknown.
        cells = [str(cell) if cell else None for cell in cells]
    return pl.Series(column.name, cells, dtype=column.dtype)
