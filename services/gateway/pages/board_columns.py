"""Which columns a board's page shows, offers together, and by which names."""

from dataclasses import dataclass

from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import Column, Group

_TITLES = {
    Group.SCORES: "Scores",
    Group.MODEL: "Model",
    Group.WEIGHTS: "Weights",
    Group.ORIGIN: "Evaluation",
    Group.MODERATION: "Marks",
}
_ALWAYS = frozenset({"rank", "rank_best", "rank_worst", "rank_group", "model"})
"""Have a place of their own at the left edge."""
_BESIDE_OTHERS = frozenset(
    {"average_stderr", "average_low", "average_high", "flag_link", "flagged_at", "provisional"}
)
"""Stand in another column's cell."""
_USUAL_FACTS = ("parameters", "co2")


@dataclass(frozen=True)
class ColumnGroup:
    title: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Preset:
    title: str
    names: str
    """As in the address; empty for the usual ones."""


def choosable(columns: Columns) -> tuple[Column, ...]:
    """In the order of the page. Raw scores take the places of the normalised ones."""
    beside = {*_ALWAYS, *_BESIDE_OTHERS, *columns.raw_scores}
    beside |= {column.name for column in columns if column.name.endswith("_stderr")}
    return tuple(column for column in columns if column.name not in beside)


def usual_columns(columns: Columns) -> tuple[Column, ...]:
    usual = {"average", *columns.normalized_scores, *_USUAL_FACTS}
    return tuple(column for column in choosable(columns) if column.name in usual)


def grouped(columns: Columns) -> tuple[ColumnGroup, ...]:
    offered = choosable(columns)
    groups = (
        ColumnGroup(title, tuple(column for column in offered if column.group is group))
        for group, title in _TITLES.items()
    )
    return tuple(group for group in groups if group.columns)


def presets(columns: Columns) -> tuple[Preset, ...]:
    scores = ("average", *columns.normalized_scores)
    facts = ("type", "architecture", "parameters", "license", "precision", "chat_template")
    return (
        Preset("Usual", ""),
        Preset("Scores only", ",".join(scores)),
        Preset("About the model", ",".join(("average", *facts, "likes", "uploaded"))),
        Preset("Everything", ",".join(column.name for column in choosable(columns))),
    )
