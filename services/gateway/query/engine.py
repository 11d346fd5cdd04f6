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
from services.gateway.query.matching import searched
from services.gateway.query.order import Order, Position
from services.gateway.query.standing import Ladder, Weighting
from services.gateway.query.terms import Search
from services.gateway.query.written import WrittenRows

T = TypeVar("T")

_MOST_WEIGHTINGS = 4
"""Ranked copies that are kept of a snapshot; each costs a few columns."""
_MANY = 10_000
"""Rows that are ordered as soon as picked."""


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

    @property
    def filtered(self) -> bool:
        """Whether something is asked for that not every row is."""
        return bool(self.search.alternatives) or self.filters != Filters()


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
    places = pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
    found = places if met is None else places.filter(met)
    page, following = _page(rows, found, query)
    shown = rows[page]
    if query.dynamic and met is not None:
        shown = Ladder(all_found(ranked, query, ("average", "average_stderr"))).place(shown)
    return Found(page, shown, len(found), following)


def all_found(ranked: Ranked, query: Query, columns: Sequence[str]) -> pl.DataFrame:
    """These columns of every row that is found, whatever page it is on, in no order."""
    rows, met = ranked.rows(query.weighting), _met(ranked, query)
    if met is None:
        return rows.select(columns)
    return rows.lazy().filter(met).select(columns).collect()


def _met(ranked: Ranked, query: Query) -> pl.Series | None:
    """Whether each row is found; None for all."""
    rows = ranked.rows(query.weighting)
    conditions = query.filters.conditions(ranked.snapshot.values)
    masks = rows.select(**conditions).get_columns() if conditions else []
    found = searched(query.search, rows, ranked.snapshot)
    if found is not None:
        masks.append(found)
    return reduce(and_, masks) if masks else None


def _page(rows: pl.DataFrame, found: pl.Series, query: Query) -> tuple[pl.Series, str | None]:
    """The places of its rows among those that are `found`, and the cursor of the page that
    follows."""
    order, limit = query.order, query.limit
    behind = None if query.after is None else order.position(query.after)
    if limit is not None and len(found) > _MANY:
        found = order.shortlist(rows, found, limit + 1, behind)
    left = rows.select(order.reads)[found].lazy().select(*order.columns(), _at=found)
    if behind is not None:
        left = left.filter(order.behind(behind))
    ordered = order.sort(left)
    if limit is None:
        return ordered.collect()["_at"], None
    page = ordered.head(limit + 1).collect()
    if page.height <= limit:
        return page["_at"], None
    page = page.head(limit)
    return page["_at"], order.cursor(cast(Position, page.drop("_at").row(-1)))


def row_of(ranked: Ranked, sid: str) -> pl.DataFrame:
    """One row with the board's own ranks, or none."""
    return ranked.rows(Weighting()).filter(pl.col("id") == sid)
