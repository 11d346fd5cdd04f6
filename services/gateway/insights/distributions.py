"""How the scores of each type of model are spread."""

import polars as pl

from services.gateway.formatting import words
from services.gateway.insights.chart import Axis, Chart, Insight, Mark, Scale, Series, rounded
from services.gateway.insights.scope import Scope

_ID, _TITLE = "types", "Scores by type of model"
_ENOUGH = 5
"""Rows from which on a median is worth a sentence."""
_QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
_HEADINGS = {
    "type": "Type",
    "rows": "Rows",
    "p5": "5 % below",
    "p25": "25 % below",
    "p50": "Median",
    "p75": "75 % below",
    "p95": "95 % below",
    "best": "Best",
    "model": "Model",
}


def scores_by_type(rows: pl.DataFrame, scope: Scope) -> Insight:
    """A quantile lies between two rows where it falls between them, as NumPy has it."""
    known = rows.filter(pl.col("average").is_not_null())
    average = pl.col("average")
    spread = (
        known.group_by(pl.col("type").cast(pl.String))
        .agg(
            pl.len().alias("rows"),
            *(average.quantile(at, "linear").alias(name) for name, at in _QUANTILES.items()),
            average.max().alias("best"),
            pl.col("model").sort_by(average * -1, "model").first(),
        )
        .sort(pl.col("p50") * -1, "type")
    )
    table = spread.rename(_HEADINGS)
    if spread.is_empty():
        return Insight(_ID, _TITLE, "No row that was found has an average.", None, table)
    labels = tuple(words(name).capitalize() for name in spread["type"])
    chart = Chart(
        scope.average_axis, Axis("", Scale.NAMES, labels), (_best(spread), *_boxes(spread))
    )
    return Insight(_ID, _TITLE, _reading(spread), chart, table)


def _reading(spread: pl.DataFrame) -> str:
    told = spread.filter(pl.col("rows") >= _ENOUGH)
    medians = [
        f"{words(name)} models ({median:.1f}, of {count:,})"
        for name, median, count in (told if told.height else spread)
        .select("type", "p50", "rows")
        .rows()
    ]
    if len(medians) == 1:
        return f"The median is known of {medians[0]}."
    return f"The median is highest among {medians[0]} and lowest among {medians[-1]}."


def _best(spread: pl.DataFrame) -> Series:
    return Series(
        "Best",
        Mark.POINTS,
        "2",
        x=rounded(spread["best"]),
        y=list(range(spread.height)),
        models=spread["model"].to_list(),
        shape="rectRot",
    )


def _boxes(spread: pl.DataFrame) -> tuple[Series, ...]:
    places = list(range(spread.height))
    return (
        Series("Median", Mark.POINTS, "ink", x=rounded(spread["p50"]), y=places, shape="line"),
        Series(
            "Middle half",
            Mark.BARS,
            "1",
            x=rounded(spread["p25"]),
            y=places,
            to=rounded(spread["p75"]),
            width=22,
        ),
        Series(
            "Middle 90 %",
            Mark.BARS,
            "muted",
            x=rounded(spread["p5"]),
            y=places,
            to=rounded(spread["p95"]),
            width=4,
        ),
    )
