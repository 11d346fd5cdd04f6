"""What a column of a board is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import polars as pl

from services.gateway.query.rows import EntryRow

FOLDED_NAME = "_name"
"""Column with the models in lower case, which searches read and which orders equal rows."""


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    """Text that many rows share."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"


class Group(StrEnum):
    """Where a page offers the column."""

    RANK = "rank"
    SCORES = "scores"
    MODEL = "model"
    WEIGHTS = "weights"
    ORIGIN = "origin"
    MODERATION = "moderation"


_DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.CHOICE: pl.Categorical(),
    Kind.NUMBER: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.TIME: pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class Column:
    name: str
    label: str
    """Heading."""
    kind: Kind
    group: Group
    description: str
    aliases: tuple[str, ...] = ()
    """Other names that find it, the original leaderboard's among them."""
    unit: str = ""
    whole: bool = False
    """Whether its numbers are whole."""
    value: Callable[[EntryRow], Any] | None = field(default=None, repr=False, compare=False)
    """The cell of a row, None where it is unknown. Columns without it depend on the other rows."""

    @property
    def dtype(self) -> pl.DataType:
        return pl.Int64() if self.whole else _DTYPES[self.kind]
