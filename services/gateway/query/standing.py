"""Averages, how sure they are, and the ranks that follow. `docs/query.md` has the formulas."""

from dataclasses import dataclass
from math import sqrt

import polars as pl

from services.gateway.query.board_columns import score_column, stderr_column

Z_95 = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""
_HALF_WIDTH = Z_95 / sqrt(2)
"""Two intervals of so many standard errors are apart exactly when the difference of two averages
that are equally sure is significant at 95 % (Goldstein and Healy 1995)."""


@dataclass(frozen=True)
class Weighting:
    """How the average is made. Without weights it is the board's own, of all tasks alike."""

    weights: tuple[tuple[str, float], ...] = ()
    """By task, each above 0; tasks that are missing do not count."""

    def __str__(self) -> str:
        return ",".join(f"{task}:{weight:g}" for task, weight in self.weights)

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A row has no average while a task that counts is outstanding. Tasks share no questions,
        so their errors are independent and the squares add up."""
        if not self.weights:
            return rows
        total = sum(weight for _, weight in self.weights)
        scores = [pl.col(score_column(task)) * (weight / total) for task, weight in self.weights]
        errors = [pl.col(stderr_column(task)) * (weight / total) for task, weight in self.weights]
        return rows.with_columns(
            average=pl.sum_horizontal(scores, ignore_nulls=False),
            average_stderr=pl.sum_horizontal(
                [error.pow(2) for error in errors], ignore_nulls=False
            ).sqrt(),
        )


def with_ranks(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds every column that depends on the average and on the other rows. A row without an average
    has no rank; one without a standard error counts as exact among the others, and has no rank
    interval itself."""
    half = pl.col("average_stderr").fill_null(0.0) * _HALF_WIDTH
    bounds = rows.select(
        low=pl.col("average") - half,
        high=pl.col("average") + half,
        sure=pl.col("average").is_not_null() & pl.col("average_stderr").is_not_null(),
    )
    low, high, sure = bounds.get_columns()
    lows, highs = low.drop_nulls().sort(), high.drop_nulls().sort()
    better = len(lows) - lows.search_sorted(high, "right").cast(pl.Int64)
    worse = highs.search_sorted(low, "left").cast(pl.Int64)
    interval = pl.col("average_stderr") * Z_95
    return rows.with_columns(
        rank=pl.col("average").rank("min", descending=True).cast(pl.Int64),
        rank_best=pl.when(sure).then(better + 1),
        rank_worst=pl.when(sure).then(len(highs) - worse),
        rank_group=_groups(rows["average"], low, high, sure),
        average_low=pl.col("average") - interval,
        average_high=pl.col("average") + interval,
    )


def _groups(average: pl.Series, low: pl.Series, high: pl.Series, sure: pl.Series) -> pl.Series:
    """From the best down: the first row whose interval lies below that of a group's best begins the
    next group."""
    places = average.arg_sort(descending=True, nulls_last=True)
    places = places.filter(sure.gather(places))
    groups = []
    group, best_low = 0, float("inf")
    for its_low, its_high in zip(low.gather(places), high.gather(places), strict=True):
        if its_high < best_low:
            group, best_low = group + 1, its_low
        groups.append(group)
    found = pl.DataFrame({"place": places, "group": groups}, schema_overrides={"group": pl.Int64})
    everywhere = pl.DataFrame({"place": pl.arange(len(average), dtype=pl.UInt32, eager=True)})
    return everywhere.join(found, on="place", how="left", maintain_order="left")["group"]
