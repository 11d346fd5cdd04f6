"""Reads which tasks an average is made of: `tasks=ifeval,bbh`, `weights=ifeval:2,bbh:0`."""

import re
from collections.abc import Sequence

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.board_columns import column_key
from services.gateway.query.standing import Weighting

_MOST = 1_000_000
_WEIGHT = re.compile(r"\d{1,7}(\.\d{1,9})?")


def read_weighting(tasks: str, weights: str, known: Sequence[str]) -> Weighting:
    """Tasks that `weights` does not name count 1. Raises Refusal."""
    chosen = dict.fromkeys((_task(name, known, "tasks") for name in _parts(tasks)), 1.0)
    weighted = chosen or dict.fromkeys(known, 1.0)
    for part in _parts(weights):
        name, _, number = part.partition(":")
        task = _task(name.strip(), known, "weights")
        number = number.strip()
        if not _WEIGHT.fullmatch(number) or float(number) > _MOST:
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"The weight of {task} cannot be {number!r}."
                if number
                else f"{task} has no weight.",
                f"Write a number from 0 to {_MOST}, such as `{task}:2`.",
                {"parameter": "weights"},
            )
        weighted[task] = float(number)
    counting = tuple((task, weighted[task]) for task in known if weighted.get(task))
    if not counting:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            "No task counts, so there is no average.",
            "Give at least one task a weight above 0.",
            {"parameter": "weights" if weights else "tasks"},
        )
    if len(counting) == len(known) and len({weight for _, weight in counting}) == 1:
        return Weighting()
    return Weighting(counting)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _task(name: str, known: Sequence[str], parameter: str) -> str:
    """By its id; case, `-`, `_` and spaces make no difference, as in a search."""
    by_key = {column_key(task): task for task in known}
    if task := by_key.get(column_key(name)):
        return task
    raise Refusal(
        ErrorCode.INVALID_REQUEST,
        f"This board has no task {name!r}.",
        f"Choose among: {', '.join(known)}.",
        {"parameter": parameter, "choices": list(known)},
    )
