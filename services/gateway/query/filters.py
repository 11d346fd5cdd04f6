"""What a reader chooses from lists: the vocabulary, the conditions and how many rows each choice
would leave."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from contracts.models import ModelType, Precision, WeightType
from contracts.views import Origin
from services.gateway.query.choices import one_of

Values = Callable[[str], pl.Series]
"""The different values of a column of choices."""
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
"""Finds rows without a licence or architecture."""
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

    def __str__(self) -> str:
        return f"{self.name} from {self.low:g} to below {self.high:g}"


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

    def conditions(self, values: Values) -> dict[str, pl.Expr]:
        """By facet; a row must meet all. Never null."""
        conditions = {name: _is_one_of(name, chosen, values) for name, chosen in self.choices}
        conditions |= {name: pl.col(name) == value for name, value in self.switches}
        if self.low is not None or self.high is not None:
            conditions["size"] = _within(self.low, self.high)
        for trait in HIDEABLE:
            if trait.name in self.hidden:
                conditions[trait.name] = ~trait.condition
        return conditions


def read_choices(column: str, given: Iterable[str]) -> tuple[str, ...]:
    """Values that were repeated or joined by commas, in lower case. Raises Refusal for one that no
    row can have."""
    values = _values(given)
    if known := VOCABULARY.get(column):
        return tuple(one_of(column, value, known) for value in values)
    return values


def read_hidden(given: Iterable[str]) -> tuple[str, ...]:
    """Raises Refusal for what cannot be hidden."""
    known = [trait.name for trait in HIDEABLE]
    return tuple(one_of("hide", value, known) for value in _values(given))


def _values(given: Iterable[str]) -> tuple[str, ...]:
    values = (value.strip().casefold() for text in given for value in text.split(","))
    return tuple(sorted({value for value in values if value}))


def _is_one_of(column: str, chosen: tuple[str, ...], values: Values) -> pl.Expr:
    cell, known = pl.col(column), values(column)
    # Only licences and architectures are written by strangers, in whatever case.
    folded = known if column in VOCABULARY else known.str.to_lowercase()
    found = cell.is_in(known.filter(folded.is_in(list(chosen))).to_list()).fill_null(False)
    return found | cell.is_null() if UNKNOWN in chosen else found


def _within(low: float | None, high: float | None) -> pl.Expr:
    size = pl.col("parameters")
    sides = [size >= low] if low is not None else []
    sides += [size < high] if high is not None else []
    return pl.all_horizontal(sides).fill_null(False)


def within_size(size: Size) -> pl.Expr:
    return _within(size.low, size.high)
