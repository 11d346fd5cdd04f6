"""What the address of a board's page says."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.pages.board_columns import choosable, usual_columns
from services.gateway.query.asked import Asked, Scores
from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import Column

Fields = Sequence[tuple[str, str]]
"""Names and values of a query string, in order."""

MOST_PINS = 12
_BY_RANK = frozenset({"-average", "average", "rank", "-rank"})
_T = TypeVar("_T")


class Density(StrEnum):
    NORMAL = "normal"
    COMPACT = "compact"


class Averaged(StrEnum):
    ALL = "all"
    VISIBLE = "visible"
    WEIGHTED = "weighted"


_MANY = frozenset({"type", "precision", "weight_type", "license", "architecture", "origin", "hide"})


class _Own(msgspec.Struct, frozen=True):
    """What the page knows beside the API."""

    pins: str = ""
    density: Density = Density.NORMAL
    average: Averaged = Averaged.ALL


class BoardState(msgspec.Struct, frozen=True):
    board: str
    asked: Asked
    columns: tuple[Column, ...]
    """Shown beside the rank and the model."""
    pins: tuple[str, ...]
    """Ids of requests, in the order they were pinned."""
    density: Density
    average: Averaged

    def address(self, **changed: object) -> str:
        """Of the page with the same but for what is `changed`, from its first row on."""
        asked = self.asked
        own = {
            "params_min": _written(asked.params_min),
            "params_max": _written(asked.params_max),
            "pins": ",".join(self.pins) or None,
            "density": self.density if self.density is not Density.NORMAL else None,
            "average": Averaged.VISIBLE if self.average is Averaged.VISIBLE else None,
        }
        given = {**own, "after": None, "limit": None, **changed}
        return asked.address(f"/boards/{self.board}", **given)

    def insights(self) -> str:
        """The address of the charts of the rows that are found."""
        order_and_look = ("sort", "ranks", "scores", "columns", "limit", "after")
        return self.asked.address(
            f"/boards/{self.board}/insights",
            params_min=_written(self.asked.params_min),
            params_max=_written(self.asked.params_max),
            **dict.fromkeys(order_and_look),
        )

    def without_search(self) -> "BoardState":
        asked = msgspec.structs.replace(self.asked, search="")
        return msgspec.structs.replace(self, asked=asked)

    @property
    def by_rank(self) -> bool:
        """Whether rows stand in the order of their ranks, so that equal ones are neighbours."""
        return self.asked.sort.partition(",")[0].strip() in _BY_RANK

    @property
    def raw(self) -> bool:
        return self.asked.scores is Scores.RAW


def read_state(board: str, fields: Fields, columns: Columns) -> BoardState:
    """Of a tidy address. Raises Refusal for a value that cannot be."""
    given: dict[str, object] = {}
    for name, value in fields:
        if name in _MANY:
            given[name] = (*given.get(name, ()), value)  # type: ignore[misc]
        else:
            given[name] = value
    asked, own = _converted(given, Asked), _converted(given, _Own)
    shown = asked.shown(columns) if asked.columns else usual_columns(columns)
    offered = choosable(columns)
    chosen = tuple(column for column in shown if column in offered)
    average = own.average
    if average is Averaged.VISIBLE:
        visible = [task for task in columns.tasks if _is_shown(task, chosen, columns)]
        asked = msgspec.structs.replace(asked, tasks=",".join(visible), weights="")
    elif asked.tasks or asked.weights:
        average = Averaged.WEIGHTED
    pins = tuple(dict.fromkeys(filter(None, own.pins.split(","))))[:MOST_PINS]
    return BoardState(board, asked, chosen, pins, own.density, average)


def _converted(given: dict[str, object], to: type[_T]) -> _T:
    try:
        return msgspec.convert(given, to, strict=False)
    except msgspec.ValidationError as fault:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            f"The address cannot be read: {fault}.",
            "Leave that parameter out, or choose on the page.",
        ) from fault


def _written(number: float | None) -> str | None:
    return None if number is None else f"{number:g}"


def _is_shown(task: str, chosen: Iterable[Column], columns: Columns) -> bool:
    place = columns.tasks.index(task)
    return any(column.name == columns.normalized_scores[place] for column in chosen)
