"""A chart as data, with the table behind it. static/js/insights.js draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec
import polars as pl

from contracts.models import ModelType


class Scale(StrEnum):
    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"
    TIME = "time"
    """Values are milliseconds since 1970."""
    NAMES = "names"
    """Values are places in `labels`."""
    RANKS = "ranks"
    """1 is on top."""


class Mark(StrEnum):
    POINTS = "points"
    STEPS = "steps"
    """Each level holds until the next point. The last point is only where the line ends."""
    LINE = "line"
    """As `STEPS`, without their points; a level that is null leaves a gap."""
    DOTTED = "dotted"
    BARS = "bars"
    """Lying, from `x` to `to`."""


class Axis(msgspec.Struct, frozen=True):
    title: str
    """With its unit."""
    scale: Scale = Scale.LINEAR
    labels: tuple[str, ...] = ()


class Series(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    mark: Mark
    tone: str
    """`--series-<tone>` of tokens.css, or `ink` or `muted`."""
    x: Sequence[float]
    y: Sequence[float | None]
    to: Sequence[float] = ()
    models: Sequence[str] = ()
    """Of each point, where it stands for a model; its page is behind the point."""
    notes: Sequence[str] = ()
    """What else is said of each point."""
    shape: str = "circle"
    """Chart.js's `pointStyle`, so that nothing depends on colour alone."""
    width: int = 0
    """Of bars, in pixels."""


class Chart(msgspec.Struct, frozen=True):
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    """The first is drawn on top."""


@dataclass(frozen=True)
class Insight:
    id: str
    title: str
    reading: str
    """What the chart shows, in one sentence."""
    chart: Chart | None
    """None when there is nothing to draw."""
    table: pl.DataFrame
    """All that the chart stands for, the best first; the names of columns are headings."""

    @property
    def version(self) -> str:
        """Equal ones mean equal charts, so a page fetches those that have changed."""
        return sha256(msgspec.json.encode(self.chart)).hexdigest()[:12]


@dataclass(frozen=True)
class Look:
    """How a series is told from the others."""

    tone: str
    shape: str


TYPE_LOOKS = {
    ModelType.PRETRAINED: Look("3", "circle"),
    ModelType.CONTINUOUSLY_PRETRAINED: Look("6", "rectRounded"),
    ModelType.FINE_TUNED: Look("2", "rectRot"),
    ModelType.CHAT: Look("1", "triangle"),
    ModelType.MERGE: Look("5", "rect"),
    ModelType.MULTIMODAL: Look("4", "star"),
    ModelType.OTHER: Look("muted", "crossRot"),
}
"""The tones are those of the types' icons, but that no two share one."""


def rounded(values: pl.Series, digits: int = 3) -> list[float]:
    """Nobody sees more on a screen, and it halves what is sent."""
    return values.round(digits).to_list()


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def named(model: str, *facts: str) -> str:
    return f"{model} ({', '.join(facts)})"
