"""How a row's scores lie among those of its peers. Pure."""

from dataclasses import dataclass

import polars as pl

from services.gateway.query.board_columns import score_column

_BINS = 50


@dataclass(frozen=True)
class Strip:
    """A histogram of the peers' scores, and the row's own place in it. Scores are 0 to 100."""

    bars: tuple[tuple[float, float, float], ...]
    """Where it begins, how wide it is, and its height, 1 for the highest."""
    own: float
    median: float
    below: float | None
    """Share of the others with a lower score, 0 to 1; null without others."""


def strip(peers: pl.DataFrame, column: str, own: float | None) -> Strip | None:
    """None while the score is outstanding."""
    values = peers[column].drop_nulls()
    median = values.median()
    if own is None or not isinstance(median, float):
        return None
    width = 100 / _BINS
    bins = (values.clip(0, 100) / width).floor().clip(0, _BINS - 1).value_counts()
    most = bins["count"].max()
    assert isinstance(most, int)
    bars = sorted((place * width, width, count / most) for place, count in bins.iter_rows())
    others = len(values) - 1
    return Strip(
        tuple(bars),
        min(max(own, 0.0), 100.0),
        median,
        int((values < own).sum()) / others if others > 0 else None,
    )


def task_strip(peers: pl.DataFrame, task: str, own: float | None) -> Strip | None:
    return strip(peers, score_column(task), own)
