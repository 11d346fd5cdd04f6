"""How a row's rank went, by the averages that all rows of its board have had. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from math import ceil, inf

import polars as pl

from services.gateway.query.frame import Snapshot
from services.gateway.query.rows import Level

MOST_POINTS = 400


class Why(StrEnum):
    ENTERED = "entered"
    """It got an average."""
    AVERAGE = "average"
    """Its own average changed."""
    RESCORED = "rescored"
    """The definition of the board changed, and with it what all rows score."""
    OTHERS = "others"
    """Other rows came in, changed or went."""
    LEFT = "left"
    """It was taken off the board, or a task that it lacks was added."""


@dataclass(frozen=True)
class Point:
    """Since when its rank was so, and why."""

    at: datetime
    rank: int | None
    """Equal averages share one; None while it has no average."""
    of: int
    """How many rows were ranked."""
    average: float | None
    why: Why
    came: int = 0
    """Others that came to be above it since the point before."""
    went: int = 0
    """Others that are no longer above it."""


@dataclass(frozen=True)
class History:
    points: tuple[Point, ...]
    """The oldest first; empty for a row that never had an average."""
    until: datetime | None
    """The newest change of any average on the board; None where none has had any."""


def steps(snapshot: Snapshot) -> pl.DataFrame:
    """Each change of any row's average, the oldest first: columns `id`, `at`, `before` and
    `after`."""
    is_same = pl.col("id") == pl.col("id").shift(1)
    return (
        snapshot.levels.lazy()
        .select(
            "id",
            at="since",
            before=pl.when(is_same).then(pl.col("average").shift(1)),
            after="average",
        )
        .sort("at")
        .collect()
    )


def of_others(
    every: pl.DataFrame, sid: str, departed: Iterable[tuple[str, Sequence[Level]]]
) -> pl.DataFrame:
    """`steps` without those of one row, and with those of rows that are gone."""
    others = every.filter(pl.col("id") != sid)
    gone = [
        (id_, level.since, before.average if before else None, level.average)
        for id_, levels in departed
        for before, level in zip((None, *levels), levels, strict=False)
    ]
    if not gone:
        return others
    return others.merge_sorted(pl.DataFrame(gone, others.schema, orient="row").sort("at"), "at")


def rank_history(
    own: Sequence[Level],
    others: pl.DataFrame,
    rescored: Collection[datetime] = (),
    most: int = MOST_POINTS,
) -> tuple[Point, ...]:
    """The oldest first. `own` are the averages of the row, and `others` what the rest did.

    Beyond about `most` points, of what others did only each so many-th change is kept, and what
    led to it counts with it; what the row itself did is kept whole, and so is what happened when
    the board was `rescored`."""
    ends = (level.since for level in own[1:])
    spans = [_span(level, end, others) for level, end in zip_longest(own, ends)]
    if (count := sum(span.height for span in spans)) > most:
        nth = ceil(count / max(1, most - len(own)))
        spans = [_thinned(span, nth, rescored) for span in spans]
    points: list[Point] = []
    for before, level, span in zip((None, *own), own, spans, strict=False):
        came, went = (span[name].diff().fill_null(0) for name in ("came", "went"))
        for place, (at, above, there) in enumerate(span.select("at", "above", "there").rows()):
            ranked = level.average is not None
            points.append(
                Point(
                    at,
                    above + 1 if ranked else None,
                    there + ranked,
                    level.average,
                    _why(before, level, at in rescored) if place == 0 else _others(at in rescored),
                    came[place],
                    went[place],
                )
            )
    return tuple(points)


def _span(level: Level, end: datetime | None, others: pl.DataFrame) -> pl.DataFrame:
    """Since when (`at`) how many are `above` it and how many are `there`, while its average stays;
    `came` and `went` are added up from its beginning. One row when it has none."""
    # Without an average there is no rank, and so nobody above.
    average = inf if level.average is None else level.average
    above = _is_above("after", average) - _is_above("before", average)
    there = _is_there("after") - _is_there("before")
    first = others["at"].search_sorted(level.since, "right")
    last = others["at"].search_sorted(end, "left") if end else others.height
    before = others.head(first).select(
        at=pl.lit(level.since, others.schema["at"]),
        came=pl.lit(0, pl.Int64),
        went=pl.lit(0, pl.Int64),
        above=above.sum(),
        there=there.sum(),
    )
    moves = (
        others.slice(first, last - first)
        .group_by("at", maintain_order=True)
        .agg(
            came=(above == 1).sum().cast(pl.Int64),
            went=(above == -1).sum().cast(pl.Int64),
            there=there.sum(),
        )
        .with_columns(pl.col("came", "went", "there").cum_sum())
        .select(
            "at",
            "came",
            "went",
            above=pl.col("came") - pl.col("went") + before["above"].item(),
            there=pl.col("there") + before["there"].item(),
        )
    )
    span = pl.concat([before, moves])
    return span.filter(pl.col("above").diff().fill_null(1) != 0)


def _is_above(step: str, average: float) -> pl.Expr:
    return (pl.col(step) > average).fill_null(value=False).cast(pl.Int64)


def _is_there(step: str) -> pl.Expr:
    return pl.col(step).is_not_null().cast(pl.Int64)


def _thinned(span: pl.DataFrame, nth: int, rescored: Collection[datetime]) -> pl.DataFrame:
    """With its first row, its last one, and each `nth` before that."""
    place = pl.int_range(pl.len())
    is_nth = (pl.len() - 1 - place) % nth == 0
    return span.filter(is_nth | (place == 0) | pl.col("at").is_in(list(rescored)))


def _why(before: Level | None, level: Level, is_rescored: bool) -> Why:
    if level.average is None:
        return Why.LEFT
    if before is None or before.average is None:
        return Why.ENTERED
    return Why.RESCORED if is_rescored else Why.AVERAGE


def _others(is_rescored: bool) -> Why:
    return Why.RESCORED if is_rescored else Why.OTHERS
