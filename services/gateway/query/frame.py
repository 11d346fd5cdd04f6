"""A board's entries as columns, kept current change by change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import polars as pl

from contracts.board import Board
from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import FOLDED_NAME, Column, Kind
from services.gateway.query.rows import EntryRow
from services.gateway.query.texts import Texts

_LEVELS = {"id": pl.String(), "since": pl.Datetime("us", "UTC"), "average": pl.Float64()}
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
    """In no particular order: every stored column, and FOLDED_NAME."""
    levels: pl.DataFrame
    """Since when each row (`id`) had which averages: those of a row together, the oldest first."""
    version: str
    """Equal on every gateway that has read as much of this board."""
    _values: dict[str, pl.Series] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.rows)

    def values(self, name: str) -> pl.Series:
        """The different values of a column, as text, without null."""
        if name not in self._values:
            self._values[name] = self.rows[name].unique().cast(pl.String).drop_nulls()
        return self._values[name]


class BoardFrame:
    def __init__(self, board: Board, rows: Iterable[EntryRow] = ()) -> None:
        self.board = board
        self._columns = Columns(board)
        self._rows, self._levels = (one.rechunk() for one in self._frames_of(iter(rows)))
        self._chunks = 1

    def snapshot(self, version: str) -> Snapshot:
        return Snapshot(self.board, self._columns, self._rows, self._levels, version)

    def apply(self, changes: Mapping[str, EntryRow | None]) -> None:
        """By submission id; None for a row that is gone. Snapshots that were taken stay as they
        are."""
        changed = pl.Series("id", list(changes), dtype=pl.String)
        unchanged = ~pl.col("id").is_in(changed.implode())
        rows, levels = self._frames_of(row for row in changes.values() if row)
        self._rows = self._rows.filter(unchanged).vstack(rows)
        self._levels = self._levels.filter(unchanged).vstack(levels)
        self._chunks += 1
        if self._chunks > _MOST_CHUNKS:
            self._rows, self._levels = self._rows.rechunk(), self._levels.rechunk()
            self._chunks = 1

    def _frames_of(self, rows: Iterator[EntryRow]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows, and their levels."""
        frame, levels = _frame(self._columns.stored, ()), _levels(())
        while batch := tuple(islice(rows, _AT_ONCE)):
            frame.vstack(_frame(self._columns.stored, batch), in_place=True)
            levels.vstack(_levels(batch), in_place=True)
        return frame, levels


def _frame(columns: Sequence[Column], rows: Sequence[EntryRow]) -> pl.DataFrame:
    frame = pl.DataFrame([_series(column, rows) for column in columns])
    return frame.with_columns(pl.col("model").str.to_lowercase().alias(FOLDED_NAME))


def _levels(rows: Sequence[EntryRow]) -> pl.DataFrame:
    levels = [(row.sid, level.since, level.average) for row in rows for level in row.averages]
    columns = zip(*levels, strict=True) if levels else ((), (), ())
    return pl.DataFrame(dict(zip(_LEVELS, columns, strict=True)), _LEVELS)


def _series(column: Column, rows: Sequence[EntryRow]) -> pl.Series:
    assert column.value
    cells = [column.value(row) for row in rows]
    if column.kind in (Kind.TEXT, Kind.CHOICE):
        # What a contract leaves empty is unknown.
        cells = [str(cell) if cell else None for cell in cells]
    return pl.Series(column.name, cells, dtype=column.dtype)
