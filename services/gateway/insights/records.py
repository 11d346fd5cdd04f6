"""The best score so far, over time and by size."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from services.gateway.insights.baselines import human_average, random_average
from services.gateway.insights.chart import (
    Axis,
    Chart,
    Insight,
    Look,
    Mark,
    Scale,
    Series,
    milliseconds,
    rounded,
)
from services.gateway.insights.scope import Scope
from services.gateway.query.filters import SIZES, Size

_ID, _TITLE = "progress", "The best score over time"
_LARGER = Size("larger", "Larger", SIZES[-1].high, float("inf"))
_LOOKS = (
    Look("3", "circle"),
    Look("2", "rectRot"),
    Look("1", "triangle"),
    Look("4", "rect"),
    Look("6", "star"),
)


@dataclass(frozen=True)
class _Class:
    label: str
    look: Look
    records: pl.DataFrame
    """Rows that were better than all before them, the oldest first; never empty."""


def best_over_time(rows: pl.DataFrame, scope: Scope) -> Insight:
    known = (
        rows.with_columns(pl.col(scope.dating).alias("at"))
        .filter(pl.col("average").is_not_null(), pl.col("at").is_not_null())
        .select("at", "average", "model", "parameters")
    )
    classes = tuple(_classes(known))
    if not classes:
        reading = f"No row that was found has an average, a size and the time it was {scope.dating}"
        return Insight(_ID, _TITLE, f"{reading}.", None, _table(classes))
    times = [one.records["at"][0] for one in classes]
    first, last = min(times), known.select(pl.col("at").max()).item()
    chart = Chart(
        Axis(f"When the model was {scope.dating}", Scale.TIME),
        scope.average_axis,
        (
            *(_steps(one, last) for one in classes),
            *_baselines(scope, first, last),
        ),
    )
    return Insight(_ID, _TITLE, _reading(classes, scope), chart, _table(classes))


def _classes(known: pl.DataFrame) -> Iterator[_Class]:
    for size, look in zip((*SIZES, _LARGER), _LOOKS, strict=True):
        of_size = known.filter(
            pl.col("parameters").is_between(size.low, size.high, closed="left")
        ).sort("at", pl.col("average") * -1, "model")
        before = pl.col("average").cum_max().shift(1, fill_value=float("-inf"))
        records = of_size.filter(pl.col("average") > before)
        if not records.is_empty():
            yield _Class(_label(size), look, records)


def _label(size: Size) -> str:
    if not size.low:
        return f"Below {size.high:g}B"
    return f"{size.low:g}B and more" if size is _LARGER else f"{size.low:g}B to {size.high:g}B"


def _steps(one: _Class, last: datetime) -> Series:
    """On to the last day that is known, so that all lines end there."""
    records = one.records
    return Series(
        one.label,
        Mark.STEPS,
        one.look.tone,
        x=[*map(milliseconds, records["at"]), milliseconds(last)],
        y=[*rounded(records["average"]), round(records["average"][-1], 3)],
        models=[*records["model"], records["model"][-1]],
        shape=one.look.shape,
    )


def _baselines(scope: Scope, first: datetime, last: datetime) -> Iterator[Series]:
    for name, level, tone in (
        ("People", human_average(scope), "ink"),
        ("Chance", random_average(scope), "muted"),
    ):
        if level is not None:
            ends = [milliseconds(first), milliseconds(last)]
            yield Series(name, Mark.DOTTED, tone, x=ends, y=[round(level, 3)] * 2)


def _reading(classes: tuple[_Class, ...], scope: Scope) -> str:
    bests = [
        f"{one.label}: {one.records['average'][-1]:.1f}, since {one.records['at'][-1]:%B %Y}"
        for one in classes
    ]
    people = human_average(scope)
    told = [] if people is None else [f"people score {people:.1f}"]
    return f"The best so far. {'; '.join(bests + told)}."


def _table(classes: tuple[_Class, ...]) -> pl.DataFrame:
    """Of each class the newest record first."""
    schema = {
        "Size": pl.String(),
        "Since": pl.Date(),
        "Model": pl.String(),
        "Parameters (B)": pl.Float64(),
        "Average": pl.Float64(),
    }
    tables = [
        one.records.reverse().select(
            pl.lit(one.label).alias("Size"),
            pl.col("at").dt.date().alias("Since"),
            pl.col("model").alias("Model"),
            pl.col("parameters").alias("Parameters (B)"),
            pl.col("average").alias("Average"),
        )
        for one in classes
    ]
    return pl.concat([pl.DataFrame(schema=schema), *tables])
