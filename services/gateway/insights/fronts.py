"""What a score costs, in size or in emissions, and the front of those that get most for it."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from contracts.models import ModelType
from services.gateway.formatting import words
from services.gateway.insights.chart import (
    TYPE_LOOKS,
    Axis,
    Chart,
    Insight,
    Mark,
    Scale,
    Series,
    named,
    rounded,
)
from services.gateway.insights.scope import Scope

MOST_POINTS = 5_000
"""More can neither be told apart nor be drawn without a pause."""
_DIGITS = 6


@dataclass(frozen=True)
class _Cost:
    id: str
    title: str
    column: str
    heading: str
    axis: str
    unit: str
    least: float
    """What is below it counts as unknown: tables that round to 0.000 leave such numbers."""
    cheaper: str
    """What beats a model that is not on the front."""


_SIZE = _Cost(
    "size",
    "Size and score",
    "parameters",
    "Parameters (B)",
    "Parameters (billions)",
    "B",
    1e-6,
    "smaller",
)
_EMISSIONS = _Cost(
    "emissions",
    "Emissions and score",
    "co2",
    "CO₂ (kg)",
    "CO₂ of the evaluation (kg)",
    " kg",
    1e-9,
    "with lower emissions",
)


def size_and_score(rows: pl.DataFrame, scope: Scope) -> Insight:
    return _insight(_SIZE, rows, scope)


def emissions_and_score(rows: pl.DataFrame, scope: Scope) -> Insight:
    return _insight(_EMISSIONS, rows, scope)


def front(rows: pl.DataFrame, cost: str) -> pl.DataFrame:
    """The rows that no other beats at equal or lower cost, the cheapest first: the Pareto front.
    Of rows without null in `cost` and `average`."""
    ordered = rows.sort(cost, pl.col("average") * -1, "model")
    before = pl.col("average").cum_max().shift(1, fill_value=float("-inf"))
    return ordered.filter(pl.col("average") > before)


def _insight(cost: _Cost, rows: pl.DataFrame, scope: Scope) -> Insight:
    known = rows.filter(pl.col("average").is_not_null(), pl.col(cost.column) >= cost.least)
    best = front(known, cost.column)
    table = known.sort("average", "model", descending=[True, False]).select(
        pl.col("model").alias("Model"),
        pl.col("type").cast(pl.String).alias("Type"),
        pl.col("precision").cast(pl.String).alias("Precision"),
        pl.col(cost.column).alias(cost.heading),
        pl.col("average").alias("Average"),
        pl.col("id").is_in(best["id"].implode()).alias("On the front"),
    )
    if known.is_empty():
        reading = f"No row that was found has both an average and {cost.axis}."
        return Insight(cost.id, cost.title, reading, None, table)
    x = Axis(cost.axis, Scale.LOGARITHMIC)
    chart = Chart(x, scope.average_axis, (_line(known, best, cost), *_points(known, cost)))
    return Insight(cost.id, cost.title, _reading(cost, known, best), chart, table)


def _reading(cost: _Cost, known: pl.DataFrame, best: pl.DataFrame) -> str:
    ends = [
        named(model, f"{amount:.3g}{cost.unit}", f"{average:.1f}")
        for model, amount, average in best.select("model", cost.column, "average").rows()
    ]
    if len(ends) == 1:
        return f"Of {known.height:,} rows, nothing {cost.cheaper} scores as high as {ends[0]}."
    return (
        f"Of {known.height:,} rows, {best.height} are on the front, where nothing {cost.cheaper}"
        f" scores as high: from {ends[0]} to {ends[-1]}."
    )


def _line(known: pl.DataFrame, best: pl.DataFrame, cost: _Cost) -> Series:
    """On to the most expensive row: the last level holds for all beyond it."""
    ended = pl.concat(
        [best, best.tail(1).with_columns(pl.lit(known[cost.column].max()).alias(cost.column))]
    )
    return Series(
        "Front",
        Mark.STEPS,
        "ink",
        x=rounded(ended[cost.column], _DIGITS),
        y=rounded(ended["average"]),
        models=ended["model"].to_list(),
    )


def _points(known: pl.DataFrame, cost: _Cost) -> Iterator[Series]:
    """A series per type, the rarest on top."""
    shown = known.sort("average").gather_every(-(-known.height // MOST_POINTS))
    types = shown["type"].cast(pl.String).value_counts(sort=True).reverse()
    for name in types["type"]:
        of_type = shown.filter(pl.col("type") == name)
        look = TYPE_LOOKS[ModelType(name)]
        yield Series(
            words(name).capitalize(),
            Mark.POINTS,
            look.tone,
            x=rounded(of_type[cost.column], _DIGITS),
            y=rounded(of_type["average"]),
            models=of_type["model"].to_list(),
            shape=look.shape,
        )
