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


def _around(width: float) -> tuple[pl.Expr, pl.Expr]:
    """The ends of an interval of so many standard errors to each side of the average."""
    half = pl.col("average_stderr") * width
    return (pl.col("average") - half).alias("low"), (pl.col("average") + half).alias("high")


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


class Ladder:
    """The averages of some rows in order, on which any row finds its place in logarithmic time."""

    def __init__(self, rows: pl.DataFrame) -> None:
        """Of rows with `average` and `average_stderr`; those without an average are left out."""
        ranked = rows.select("average", "average_stderr").drop_nulls("average")
        unsure = ranked.drop_nulls("average_stderr").with_columns(_around(_HALF_WIDTH))
        self._averages = ranked["average"].sort()
        self._exact = ranked.filter(pl.col("average_stderr").is_null())["average"].sort()
        self._lows = unsure["low"].sort()
        self._highs = unsure["high"].sort()
        self._leaders = _leaders(unsure)

    def place(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Adds every column that depends on the average and on the other rows. A row without an
        average has no rank; one without a standard error counts as exact among the others, and has
        no rank interval itself."""
        low, high = rows.select(_around(_HALF_WIDTH)).get_columns()
        lowest, highest = rows.select(_around(Z_95)).get_columns()
        average, sure = rows["average"], pl.col("average_stderr").is_not_null()
        above = _above(self._averages, average)
        surely_above = _above(self._lows, high) + _above(self._exact, highest)
        surely_below = _below(self._highs, low, or_equal=False) + _below(
            self._exact, lowest, or_equal=False
        )
        led_by = len(self._leaders) - _below(self._leaders, average, or_equal=False)
        ranked = pl.col("average").is_not_null()
        return rows.with_columns(
            rank=pl.when(ranked).then(above + 1),
            rank_best=pl.when(ranked & sure).then(surely_above + 1),
            rank_worst=pl.when(ranked & sure).then(len(self._averages) - surely_below),
            rank_group=pl.when(ranked & sure).then(led_by),
            average_low=lowest,
            average_high=highest,
        )


def _above(ladder: pl.Series, values: pl.Series) -> pl.Series:
    """For each value, how many steps of the ladder are above it."""
    return len(ladder) - _below(ladder, values, or_equal=True)


def _below(ladder: pl.Series, values: pl.Series, *, or_equal: bool) -> pl.Series:
    """For each value, how many steps of the ladder are below it."""
    return ladder.search_sorted(values, "right" if or_equal else "left").cast(pl.Int64)


def _leaders(known: pl.DataFrame) -> pl.Series:
    """Averages that begin a group, ascending: from the best down, the first row whose interval lies
    below that of the row which began the group before."""
    leaders: list[float] = []
    leader, its_low = float("inf"), float("inf")
    ordered = known.sort("average", descending=True)
    for average, low, high in zip(
        *(ordered[name].to_list() for name in ("average", "low", "high")), strict=True
    ):
        if high < its_low:
            leaders.append(average)
            leader, its_low = average, low
        elif average == leader:
            # Whichever of equal rows comes first, the surest of them counts.
            its_low = max(its_low, low)
    return pl.Series(reversed(leaders), dtype=pl.Float64)
