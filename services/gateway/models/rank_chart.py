"""How a rank went, as a chart with sentences. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import polars as pl

from services.gateway.insights.chart import (
    Axis,
    Chart,
    Insight,
    Look,
    Mark,
    Scale,
    Series,
    milliseconds,
)
from services.gateway.models.ranks import History, Point, Why

_ID, _TITLE = "ranks", "Rank over time"
_COLUMNS = {
    "Since": pl.Datetime("us", "UTC"),
    "Rank": pl.Int64(),
    "Of": pl.Int64(),
    "Average": pl.Float64(),
    "What moved it": pl.String(),
}
_MARKS = {
    Why.ENTERED: ("Came onto the board", Look("3", "circle")),
    Why.AVERAGE: ("Its average changed", Look("2", "rectRot")),
    Why.RESCORED: ("The board was re-scored", Look("5", "triangle")),
    Why.LEFT: ("Left the board", Look("4", "crossRot")),
}


def ranks_chart(history: History) -> Insight:
    points = history.points
    if not points:
        return Insight(_ID, _TITLE, "It has had no rank yet.", None, _table(points))
    chart = Chart(
        Axis("Date", Scale.TIME),
        Axis("Rank", Scale.RANKS),
        (*_marks(points), _line(points, history.until)),
    )
    return Insight(_ID, _TITLE, reading(points), chart, _table(points))


def reading(points: Sequence[Point]) -> str:
    """Where it is, where it began, and what moved it farthest."""
    first, last = points[0], points[-1]
    now = (
        f"Rank {last.rank:,} of {last.of:,}"
        if last.rank is not None
        else "It is not ranked any more"
    )
    if all(point.rank == first.rank for point in points):
        return f"{now} ever since it came in on {_day(first.at)}."
    said = f"{now}, after rank {first.rank:,} of {first.of:,} when it came in on {_day(first.at)}."
    before, point = max(pairwise(points), key=lambda pair: _step(*pair))
    if _step(before, point):
        what = told(point, before)
        said += f" Its largest step is that of {_day(point.at)}: {what[0].lower()}{what[1:]}"
    return said


def told(point: Point, before: Point | None) -> str:
    """What moved it, in a sentence."""
    match point.why:
        case Why.ENTERED:
            return "It came onto the board."
        case Why.LEFT:
            return "It was taken off the board, or lacks a task that was added."
        case Why.AVERAGE:
            return f"Its average {_averages(point, before) or 'changed'}."
        case Why.RESCORED:
            own = _averages(point, before)
            return f"The board was re-scored{own and f', its average {own}'}."
        case Why.OTHERS:
            return f"{_others(point)}."


def _averages(point: Point, before: Point | None) -> str:
    if not before or before.average == point.average:
        return ""
    if before.average is None or point.average is None:
        return ""
    return f"went from {before.average:.2f} to {point.average:.2f}"


def _others(point: Point) -> str:
    came = f"{point.came:,} {'other' if point.came == 1 else 'others'} came in above it"
    went = f"{point.went:,} {'other' if point.went == 1 else 'others'} fell below it or left"
    parts = [part for part, count in ((came, point.came), (went, point.went)) if count]
    return ", ".join(parts) or "Others came and went"


def _step(before: Point, point: Point) -> int:
    return abs((point.rank or 0) - (before.rank or 0)) if point.rank and before.rank else 0


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %b %Y}"


def _marks(points: Sequence[Point]) -> Iterator[Series]:
    """What the row itself did, and the board."""
    for why, (name, look) in _MARKS.items():
        marked = [
            (point, before, rank)
            for before, point in zip((None, *points), points, strict=False)
            if point.why is why and (rank := point.rank or (before.rank if before else None))
        ]
        if marked:
            yield Series(
                name,
                Mark.POINTS,
                look.tone,
                x=[milliseconds(point.at) for point, _, _ in marked],
                y=[rank for _, _, rank in marked],
                notes=[told(point, before) for point, before, _ in marked],
                shape=look.shape,
            )


def _line(points: Sequence[Point], until: datetime | None) -> Series:
    x, y, notes = list[float](), list[float | None](), list[str]()
    for before, point in zip((None, *points), points, strict=False):
        if before and point.rank is None:
            # Until then it had one.
            x.append(milliseconds(point.at))
            y.append(before.rank)
            notes.append("")
        x.append(milliseconds(point.at))
        y.append(point.rank)
        notes.append(f"Of {point.of:,}. {told(point, before)}")
    if until and until > points[-1].at:
        x.append(milliseconds(until))
        y.append(points[-1].rank)
        notes.append(f"Of {points[-1].of:,}.")
    return Series("Rank", Mark.LINE, "1", x=x, y=y, notes=notes)


def _table(points: Sequence[Point]) -> pl.DataFrame:
    """The newest first."""
    rows = [
        (point.at, point.rank, point.of, point.average, told(point, before))
        for before, point in zip((None, *points), points, strict=False)
    ]
    return pl.DataFrame(rows[::-1], schema=_COLUMNS, orient="row")
