"""How what a board's form sends becomes the address of a page.

The form names columns and weights one by one. The address has them as the API does and says nothing
of what is usual, so it is the same however somebody came to it."""

from collections.abc import Iterable, Iterator

from services.gateway.pages.board_columns import usual_columns
from services.gateway.pages.board_state import Averaged, Density, Fields
from services.gateway.query.asked import DEFAULT_SORT, Ranks, Scores
from services.gateway.query.board_columns import Columns
from services.gateway.query.filters import SIZES

WEIGHT = "weight-"
"""Begins the names of the fields with the tasks' weights."""
_ONLY_IN_FORMS = frozenset({"column", "averaged", "pin"})
_USUAL = {
    "sort": DEFAULT_SORT,
    "ranks": Ranks.STATIC,
    "scores": Scores.NORMALIZED,
    "density": Density.NORMAL,
    "average": Averaged.ALL,
}


def tidied(fields: Fields, columns: Columns) -> Fields:
    """What the address says of what a form sent; an address of ours comes back as it is."""
    given: dict[str, list[str]] = {}
    for name, value in fields:
        given.setdefault(name, []).append(value.strip() if name == "search" else value)
    kept = {
        name: values
        for name, values in given.items()
        if not name.startswith(WEIGHT) and name not in _ONLY_IN_FORMS
    }
    if "column" in given:
        kept["columns"] = [_columns(given["column"], columns)]
    if averaged := given.get("averaged"):
        kept |= {"average": averaged, "tasks": [], "weights": []}
        if averaged == [Averaged.WEIGHTED]:
            kept |= {"average": [], "weights": [",".join(_weights(given))]}
    if pin := given.get("pin"):
        kept["pins"] = [_toggled(given.get("pins", [""])[0], pin[0])]
    if "params_min" in given or "params_max" in given:
        kept |= _sized(given)
    return [
        (name, value)
        for name, values in kept.items()
        for value in values
        if value and value != _USUAL.get(name)
    ]


def _columns(chosen: Iterable[str], columns: Columns) -> str:
    """The model is always there, so it stands for no other column at all."""
    names = [name for name in chosen if name]
    usual = [column.name for column in usual_columns(columns)]
    return "" if names == usual else ",".join(names) or "model"


def _weights(given: dict[str, list[str]]) -> Iterator[str]:
    for name, [value, *_] in given.items():
        if name.startswith(WEIGHT) and value and _number(value) != 1:
            yield f"{name.removeprefix(WEIGHT)}:{value}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _toggled(pins: str, pin: str) -> str:
    pinned = [one for one in pins.split(",") if one]
    return ",".join([one for one in pinned if one != pin] if pin in pinned else [*pinned, pin])


def _sized(given: dict[str, list[str]]) -> dict[str, list[str]]:
    """Bounds that have a name are told by it."""
    low, high = (_number(given.get(f"params_{end}", [""])[0]) for end in ("min", "max"))
    for size in SIZES:
        if (low or 0, high) == (size.low, size.high):
            return {"size": [size.name], "params_min": [], "params_max": []}
    return {"size": []}
