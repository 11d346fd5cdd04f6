"""What a reader chooses from lists: the vocabulary, the conditions and how many rows each choice
would leave."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from contracts.models import ModelType, Precision, WeightType
from contracts.views import Origin
from services.gateway.errors import ErrorCode, Refusal

CHOICES = ("type", "precision", "weight_type", "license", "architecture", "origin")
"""Columns of which any number of values can be chosen; several are joined by "or"."""
VOCABULARY: dict[str, tuple[str, ...]] = {
    "type": tuple(ModelType),
    "precision": tuple(Precision),
    "weight_type": tuple(WeightType),
    "origin": tuple(Origin),
}
"""Of the columns whose values the contracts name, these names, which submissions use as well."""
UNKNOWN = "unknown"
"""Finds rows without a value."""
SWITCHES = ("official", "chat_template")
"""Columns of which yes or no can be chosen."""


@dataclass(frozen=True)
class Trait:
    """What rows can be hidden for."""

    name: str
    label: str
    condition: pl.Expr


HIDEABLE = (
    Trait("moe", "Mixtures of experts", pl.col("moe")),
    Trait("merged", "Merges", pl.col("merged")),
    Trait("flagged", "Flagged", pl.col("flagged")),
    Trait("unavailable", "No longer on the Hub", ~pl.col("available")),
)


@dataclass(frozen=True)
class Size:
    name: str
    label: str
    low: float
    """In billions of parameters, itself within."""
    high: float
    """Itself beyond."""


SIZES = (
    Size("edge", "For edge devices", 0, 3),
    Size("consumer", "For consumers", 3, 7),
    Size("mid-range", "Mid-range", 7, 65),
    Size("gpu-rich", "For the GPU-rich", 65, 141),
)
"""The original leaderboard's quick filters."""


@dataclass(frozen=True)
class Filters:
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By column of CHOICES, in lower case."""
    switches: tuple[tuple[str, bool], ...] = ()
    """By column of SWITCHES."""
    low: float | None = None
    """Least billions of parameters."""
    high: float | None = None
    """First number of billions that is too many."""
    hidden: tuple[str, ...] = ()
    """Names of HIDEABLE."""

    def conditions(self) -> dict[str, pl.Expr]:
        """By facet; a row must meet all. Never null."""
        conditions = {name: _is_one_of(name, values) for name, values in self.choices}
        conditions |= {name: pl.col(name) == value for name, value in self.switches}
        if self.low is not None or self.high is not None:
            conditions["size"] = _within(self.low, self.high)
        for trait in HIDEABLE:
            if trait.name in self.hidden:
                conditions[trait.name] = ~trait.condition
        return conditions


def read_choice(column: str, given: Iterable[str]) -> tuple[str, ...]:
    """Values that were repeated or joined by commas. Raises Refusal for one that no row can have."""
    values = dict.fromkeys(
        value.strip().casefold() for text in given for value in text.split(",") if value.strip()
    )
    known = VOCABULARY.get(column)
    for value in values:
        if known and value not in (*known, UNKNOWN):
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"`{column}` can not be {value!r}.",
                f"Choose among: {', '.join(known)}.",
                {"parameter": column, "choices": list(known)},
            )
    return tuple(values)


def read_hidden(given: Iterable[str]) -> tuple[str, ...]:
    """Raises Refusal for what cannot be hidden."""
    names = [trait.name for trait in HIDEABLE]
    hidden = dict.fromkeys(
        value.strip().casefold() for text in given for value in text.split(",") if value.strip()
    )
    for value in hidden:
        if value not in names:
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"`hide` can not be {value!r}.",
                f"Choose among: {', '.join(names)}.",
                {"parameter": "hide", "choices": names},
            )
    return tuple(name for name in names if name in hidden)


def _is_one_of(column: str, values: tuple[str, ...]) -> pl.Expr:
    cell = pl.col(column)
    # Only licences and architectures are written by strangers, in whatever case.
    folded = cell if column in VOCABULARY else cell.cast(pl.String).str.to_lowercase()
    found = folded.is_in(list(values)).fill_null(False)
    return found | cell.is_null() if UNKNOWN in values else found


def _within(low: float | None, high: float | None) -> pl.Expr:
    size = pl.col("parameters")
    sides = [size >= low] if low is not None else []
    sides += [size < high] if high is not None else []
    return pl.all_horizontal(sides).fill_null(False)


def within_size(size: Size) -> pl.Expr:
    return _within(size.low, size.high)
