"""What the number format of the weights does to the score of one and the same model."""

from collections.abc import Iterator
from itertools import product
from typing import cast

import polars as pl

from contracts.models import Precision
from services.gateway.insights.chart import Axis, Chart, Insight, Look, Mark, Scale, Series, rounded
from services.gateway.insights.scope import Scope

_ID, _TITLE = "precision", "The same weights at two precisions"
_MOST_PAIRS = 24
"""More have no room under each other; the table has them all."""
_SAME = ("model", "commit", "weight_type", "chat_template")
"""What has to be equal, so that nothing but the precision differs."""
_LOOKS = {
    Precision.FLOAT32: Look("6", "star"),
    Precision.FLOAT16: Look("1", "circle"),
    Precision.BFLOAT16: Look("2", "rectRot"),
    Precision.INT8: Look("3", "triangle"),
    Precision.INT4: Look("4", "rect"),
    Precision.GPTQ: Look("5", "rectRounded"),
}
_ORDER = pl.Enum([one.value for one in Precision])


def effect_of_precision(rows: pl.DataFrame, _: Scope) -> Insight:
    pairs = _pairs(rows)
    table = pairs.select(
        pl.col("model").alias("Model"),
        pl.col("commit").alias("Commit"),
        pl.col("chat_template").alias("Chat template"),
        pl.col("precision").cast(pl.String).alias("One precision"),
        pl.col("average").alias("Average at one"),
        pl.col("precision_other").cast(pl.String).alias("Other precision"),
        pl.col("average_other").alias("Average at other"),
        pl.col("difference").alias("Difference"),
    )
    if pairs.is_empty():
        reading = "No commit of a model that was found has been evaluated at two precisions."
        return Insight(_ID, _TITLE, reading, None, table)
    shown = pairs.head(_MOST_PAIRS).sort("difference", "model").with_row_index("place")
    chart = Chart(
        Axis("Change of the average (points)"),
        Axis("", Scale.NAMES, tuple(shown["model"])),
        (*_points(shown), _bars(shown)),
    )
    return Insight(_ID, _TITLE, _reading(pairs), chart, table)


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """Those that differ most first; `precision` comes before `precision_other` in the contract."""
    known = rows.filter(pl.col("average").is_not_null(), pl.col("commit").is_not_null()).select(
        *_SAME, "average", pl.col("precision").cast(pl.String).cast(_ORDER)
    )
    return (
        known.join(known, on=_SAME, suffix="_other")
        .filter(pl.col("precision") < pl.col("precision_other"))
        .with_columns(difference=pl.col("average_other") - pl.col("average"))
        .sort(pl.col("difference").abs() * -1, "model", "precision", "precision_other")
    )


def _reading(pairs: pl.DataFrame) -> str:
    sizes = pairs["difference"].abs()
    half = cast(float, sizes.median())
    first = pairs.row(0, named=True)
    sign = "more" if first["difference"] > 0 else "less"
    most = (
        f"{first['model']} differs most: {abs(first['difference']):.2f} points {sign} at"
        f" {first['precision_other']} than at {first['precision']}"
    )
    if pairs.height == 1:
        return f"{most}."
    return f"Half of the {pairs.height} pairs differ by less than {half:.2f} points; {most}."


def _points(shown: pl.DataFrame) -> Iterator[Series]:
    for one, other in product(Precision, repeat=2):
        between = shown.filter(
            pl.col("precision") == one.value, pl.col("precision_other") == other.value
        )
        if not between.is_empty():
            look = _LOOKS[other]
            yield Series(
                f"{other} instead of {one}",
                Mark.POINTS,
                look.tone,
                x=rounded(between["difference"]),
                y=between["place"].to_list(),
                models=between["model"].to_list(),
                shape=look.shape,
            )


def _bars(shown: pl.DataFrame) -> Series:
    return Series(
        "From no change",
        Mark.BARS,
        "muted",
        x=[0.0] * shown.height,
        y=shown["place"].to_list(),
        to=rounded(shown["difference"]),
        models=shown["model"].to_list(),
        width=3,
    )
