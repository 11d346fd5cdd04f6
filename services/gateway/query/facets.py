"""How many rows each choice of a filter would find, given the search and all other filters."""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import and_

import msgspec
import polars as pl

from services.gateway.query.engine import Query, Ranked
from services.gateway.query.filters import (
    CHOICES,
    HIDEABLE,
    SIZES,
    SWITCHES,
    UNKNOWN,
    VOCABULARY,
    within_size,
)
from services.gateway.query.matching import searched

_MOST_OPTIONS = 200


class Option(msgspec.Struct, frozen=True):
    value: str
    """As it stands in the address."""
    label: str
    count: int
    """Rows that it would find."""
    chosen: bool


class Facet(msgspec.Struct, frozen=True):
    parameter: str
    label: str
    options: tuple[Option, ...]
    """In their usual order, all that stand on the board; licences and architectures by count, the
    commonest 200 of those that are found. Those of `hide` count the rows that would go."""


class _Rows:
    """The rows that are left of each filter's point of view."""

    def __init__(self, ranked: Ranked, query: Query) -> None:
        self._rows = ranked.rows(query.weighting)
        conditions = query.filters.conditions(ranked.snapshot.values)
        self._masks = self._rows.select(**conditions).get_columns() if conditions else []
        found = searched(query.search, self._rows, ranked.snapshot)
        if found is not None:
            self._masks.append(found.alias("search"))

    def without(self, facet: str, *columns: str) -> pl.DataFrame:
        """These columns of the rows that meet everything but this facet's own filter."""
        rows = self._rows.select(columns)
        masks = [mask for mask in self._masks if mask.name != facet]
        return rows.filter(reduce(and_, masks)) if masks else rows


def facets(ranked: Ranked, query: Query) -> tuple[Facet, ...]:
    columns, rows = ranked.snapshot.columns, _Rows(ranked, query)
    choices, switches = dict(query.filters.choices), dict(query.filters.switches)
    return (
        *(
            Facet(
                name,
                columns[name].label,
                tuple(
                    _choices(
                        name,
                        rows.without(name, name)[name],
                        ranked.snapshot.values(name) if name in VOCABULARY else (),
                        choices.get(name, ()),
                    )
                ),
            )
            for name in CHOICES
        ),
        *(
            Facet(
                name,
                columns[name].label,
                tuple(_switch(rows.without(name, name)[name], switches.get(name))),
            )
            for name in SWITCHES
        ),
        Facet("size", "Size", tuple(_sizes(rows.without("size", "parameters"), query))),
        Facet("hide", "Hide", tuple(_hideable(rows, query))),
    )


def _choices(
    name: str, cells: pl.Series, lasting: Iterable[str], chosen: Iterable[str]
) -> Iterator[Option]:
    counts: dict[str, int] = dict.fromkeys((*lasting, *chosen), 0)
    labels: dict[str, str] = {}
    for value, count in cells.value_counts(sort=True).iter_rows():
        folded = value.casefold() if value else UNKNOWN
        labels.setdefault(folded, value or UNKNOWN)
        counts[folded] = counts.get(folded, 0) + count
    order = VOCABULARY.get(name, ())
    usual = [value for value in order if value in counts]
    usual += [value for value in counts if value not in order]
    for value in usual[:_MOST_OPTIONS]:
        yield Option(value, labels.get(value, value), counts[value], value in chosen)


def _switch(cells: pl.Series, chosen: bool | None) -> Iterator[Option]:
    yes = int(cells.sum())
    yield Option("true", "yes", yes, chosen is True)
    yield Option("false", "no", len(cells) - yes, chosen is False)


def _sizes(rows: pl.DataFrame, query: Query) -> Iterator[Option]:
    for size in SIZES:
        chosen = (query.filters.low, query.filters.high) == (size.low, size.high)
        count = rows.select(within_size(size).sum()).item()
        yield Option(size.name, size.label, count, chosen)


def _hideable(rows: _Rows, query: Query) -> Iterator[Option]:
    for trait in HIDEABLE:
        found = rows.without(trait.name, *trait.condition.meta.root_names())
        count = found.select(trait.condition.sum()).item()
        yield Option(trait.name, trait.label, count, trait.name in query.filters.hidden)
