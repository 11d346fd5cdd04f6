"""A board's columns: those that search, filters, order, exports and pages share."""

import difflib
from collections.abc import Iterator

from contracts.board import Board
from services.gateway.query.catalogue import RANK_COLUMNS, ROW_COLUMNS
from services.gateway.query.columns import Column, Group, Kind
from services.gateway.query.rows import EntryRow

_TAKEN = frozenset(column.name for column in (*RANK_COLUMNS, *ROW_COLUMNS))


class Columns:
    """A board's columns, in the order they are exported."""

    def __init__(self, board: Board) -> None:
        self.tasks = tuple(task.id for task in board.tasks)
        scores = (column for task in board.tasks for column in _scores(task.id, task.title))
        self._by_name = {column.name: column for column in (*RANK_COLUMNS, *scores, *ROW_COLUMNS)}
        self._by_key = {column_key(column.name): column for column in self}
        for column in self:
            for name in (column.label, *column.aliases):
                self._by_key.setdefault(column_key(name), column)

    def __iter__(self) -> Iterator[Column]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    @property
    def stored(self) -> tuple[Column, ...]:
        """Those that a row alone determines."""
        return tuple(column for column in self if column.value)

    @property
    def raw_scores(self) -> tuple[str, ...]:
        return tuple(raw_column(task) for task in self.tasks)

    @property
    def normalized_scores(self) -> tuple[str, ...]:
        return tuple(score_column(task) for task in self.tasks)

    def find(self, name: str) -> Column | None:
        """By name, label or alias; case, `-`, `_` and spaces make no difference."""
        return self._by_key.get(column_key(name))

    def nearest(self, name: str) -> str | None:
        """The name that somebody who wrote `name` most likely meant."""
        found = difflib.get_close_matches(column_key(name), self._by_key, n=1)
        return self._by_key[found[0]].name if found else None


def score_column(task: str) -> str:
    """Name of the column with a task's normalised scores."""
    return f"task_{task}" if task in _TAKEN else task


def raw_column(task: str) -> str:
    return f"{score_column(task)}_raw"


def stderr_column(task: str) -> str:
    return f"{score_column(task)}_stderr"


def column_key(name: str) -> str:
    """Equal for names that mean the same."""
    words = name.casefold().replace("±", "stderr")
    return "".join(letter for letter in words if letter.isalnum())


def _scores(task: str, title: str) -> Iterator[Column]:
    def normalized(entry: EntryRow) -> float | None:
        return score.normalized if (score := entry.scores.get(task)) else None

    def raw(entry: EntryRow) -> float | None:
        return score.raw if (score := entry.scores.get(task)) else None

    def stderr(entry: EntryRow) -> float | None:
        return score.stderr if (score := entry.scores.get(task)) else None

    yield Column(
        score_column(task),
        title,
        Kind.NUMBER,
        Group.SCORES,
        f"Normalised score of {title}: 0 at chance, 100 at a raw 1.0.",
        (f"task_{task}",),
        value=normalized,
    )
    yield Column(
        raw_column(task),
        f"{title} Raw",
        Kind.NUMBER,
        Group.SCORES,
        f"Raw score of {title}, usually 0 to 1.",
        value=raw,
    )
    yield Column(
        stderr_column(task),
        f"{title} ±",
        Kind.NUMBER,
        Group.SCORES,
        f"Standard error of the normalised score of {title}.",
        (f"{title} stderr",),
        value=stderr,
    )
