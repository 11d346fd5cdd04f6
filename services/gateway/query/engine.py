"""One query over one snapshot of a board. Pure: safe in any thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from threading import Lock
from typing import Any, TypeVar, cast

import polars as pl

from services.gateway.query.filters import Filters
from services.gateway.query.frame import Snapshot
from services.gateway.query.matching import condition
from services.gateway.query.order import KeyValue, Order
from services.gateway.query.standing import Ladder, Weighting
from services.gateway.query.terms import Search
from services.gateway.query.written import WrittenRows

T = TypeVar("T")

_MOST_WEIGHTINGS = 4
"""Ranked copies that are kept of a snapshot; each costs a few columns."""


@dataclass(frozen=True)
class Query:
    search: Search
    filters: Filters
    order: Order
    weighting: Weighting
    dynamic: bool
    """Ranks among the rows that were found instead of among all."""
    limit: int | None
    after: str | None


@dataclass(frozen=True)
class Found:
    places: pl.Series
    """Of the rows of one page, in order, among those of their weighting."""
    rows: pl.DataFrame
    """The same with every column."""
    total: int
    """On all pages."""
    next: str | None
    """Cursor of the page that follows."""


class Ranked:
    """A snapshot's rows with their ranks, once per way to average."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.written = WrittenRows()
        self._ranked: dict[Weighting, pl.DataFrame] = {}
        self._derived: dict[Callable[[Snapshot], Any], Any] = {}
        self._lock = Lock()
        self._deriving = Lock()

    def rows(self, weighting: Weighting) -> pl.DataFrame:
        with self._lock:
            if weighting not in self._ranked:
                if len(self._ranked) > _MOST_WEIGHTINGS:
                    # The board's own average stays: most readers want it.
                    del self._ranked[next(kept for kept in self._ranked if kept.weights)]
                rows = weighting.apply(self.snapshot.rows)
                self._ranked[weighting] = Ladder(rows).place(rows)
            return self._ranked[weighting]

    def derived(self, make: Callable[[Snapshot], T]) -> T:
        """What a function makes of the snapshot, made once."""
        with self._deriving:
            if make not in self._derived:
                self._derived[make] = make(self.snapshot)
            made: T = self._derived[make]
            return made


def find(ranked: Ranked, query: Query) -> Found:
    """Raises Refusal for a cursor of another order."""
    rows, met = ranked.rows(query.weighting), _met(ranked, query)
    # Each `collect` costs as much as a search of a small board, so there are few.
    found = rows.lazy().with_row_index("_at")
    if met is not None:
        found = found.filter(met)
    keys = found.select("_at", *query.order.columns()).collect()
    page, following = _page(keys, query)
    shown = rows[page]
    if query.dynamic and met is not None:
        shown = Ladder(all_found(ranked, query, ("average", "average_stderr"))).place(shown)
    return Found(page, shown, keys.height, following)


def all_found(ranked: Ranked, query: Query, columns: Sequence[str]) -> pl.DataFrame:
    """These columns of every row that is found, whatever page it is on, in no order."""
    rows, met = ranked.rows(query.weighting), _met(ranked, query)
    if met is None:
        return rows.select(columns)
    return rows.lazy().filter(met).select(columns).collect()


def _met(ranked: Ranked, query: Query) -> pl.Expr | None:
    """Whether a row is found; None for all."""
    conditions = list(query.filters.conditions().values())
    searched = condition(query.search, ranked.snapshot.values)
    if searched is not None:
        conditions.append(searched)
    return reduce(and_, conditions) if conditions else None


def _page(keys: pl.DataFrame, query: Query) -> tuple[pl.Series, str | None]:
    """The places of its rows, and the cursor of the page that follows."""
    left = keys.lazy()
    if query.after is not None:
        left = left.filter(query.order.after(query.after))
    ordered = query.order.sort(left)
    if query.limit is None:
        return ordered.collect()["_at"], None
    page = ordered.head(query.limit + 1).collect()
    if page.height <= query.limit:
        return page["_at"], None
    page = page.head(query.limit)
    return page["_at"], query.order.cursor(cast(tuple[KeyValue, ...], page.row(-1)[1:]))


def row_of(ranked: Ranked, sid: str) -> pl.DataFrame:
    """One row with the board's own ranks, or none."""
    return ranked.rows(Weighting()).filter(pl.col("id") == sid)
