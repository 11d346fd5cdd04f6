"""One query over one snapshot of a board. Pure: safe in any thread."""

from dataclasses import dataclass
from functools import reduce
from operator import and_
from threading import Lock
from typing import cast

import polars as pl

from services.gateway.query.filters import Filters
from services.gateway.query.frame import Snapshot
from services.gateway.query.matching import condition
from services.gateway.query.order import KeyValue, Order
from services.gateway.query.standing import Weighting, with_ranks
from services.gateway.query.terms import Search

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
    rows: pl.DataFrame
    """One page, in order, with every column."""
    total: int
    """On all pages."""
    next: str | None
    """Cursor of the page that follows."""


class Ranked:
    """A snapshot's rows with their ranks, once per way to average."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._ranked: dict[Weighting, pl.DataFrame] = {}
        self._lock = Lock()

    def rows(self, weighting: Weighting) -> pl.DataFrame:
        with self._lock:
            if weighting not in self._ranked:
                if len(self._ranked) > _MOST_WEIGHTINGS:
                    # The board's own average stays: most readers want it.
                    del self._ranked[next(kept for kept in self._ranked if kept.weights)]
                self._ranked[weighting] = with_ranks(weighting.apply(self.snapshot.rows))
            return self._ranked[weighting]


def find(ranked: Ranked, query: Query) -> Found:
    rows = ranked.rows(query.weighting)
    conditions = list(query.filters.conditions().values())
    searched = condition(query.search, ranked.snapshot.values)
    if searched is not None:
        conditions.append(searched)
    if conditions and query.dynamic:
        rows = with_ranks(rows.filter(reduce(and_, conditions)))
        conditions = []
    keys = (
        rows.lazy()
        .select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("_at"),
            *query.order.columns(),
            *([reduce(and_, conditions).alias("_found")] if conditions else []),
        )
        .collect()
    )
    if conditions:
        keys = keys.filter("_found").drop("_found")
    total = keys.height
    rest = keys.lazy()
    if query.after is not None:
        rest = rest.filter(query.order.after(query.after))
    ordered = query.order.sort(rest)
    if query.limit is not None:
        ordered = ordered.head(query.limit + 1)
    page = ordered.collect()
    following = None
    if query.limit is not None and page.height > query.limit:
        page = page.head(query.limit)
        following = query.order.cursor(cast(tuple[KeyValue, ...], page.row(-1)[1:]))
    return Found(rows[page["_at"]], total, following)


def row_of(ranked: Ranked, sid: str) -> pl.DataFrame:
    """One row with the board's own ranks, or none."""
    return ranked.rows(Weighting()).filter(pl.col("id") == sid)
