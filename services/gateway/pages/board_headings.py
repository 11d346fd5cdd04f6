"""The headings of a board's table: what each shows, and how a click on it orders the rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.gateway.pages.board_state import BoardState
from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import Column, Kind


@dataclass(frozen=True)
class Heading:
    column: Column
    """Whose values are shown; the raw ones of a task where those are wanted."""
    task: str | None
    address: str
    also: str
    """The address that orders by this after what it is ordered by already."""
    sorted: str | None
    """As `aria-sort` says it."""
    place: int | None
    """Among several columns, from 1."""


def headings(state: BoardState, columns: Columns) -> tuple[Heading, ...]:
    tasks = dict(zip(columns.normalized_scores, columns.tasks, strict=True))
    raw = dict(zip(columns.normalized_scores, columns.raw_scores, strict=True))
    return tuple(
        _heading(
            state,
            columns[raw[column.name]] if state.raw and column.name in raw else column,
            tasks.get(column.name),
            columns,
        )
        for column in (columns["rank"], columns["model"], *state.columns)
    )


def _heading(state: BoardState, column: Column, task: str | None, columns: Columns) -> Heading:
    order = dict(_order(state, columns))
    descending = order.get(column.name)
    rank = column.name == "rank"
    first = column.kind in (Kind.NUMBER, Kind.BOOLEAN, Kind.TIME) and not rank
    then = first if descending is None else not descending
    others = [_key(name, down) for name, down in order.items() if name != column.name]
    return Heading(
        column,
        task,
        state.address(sort=_key(column.name, then)),
        state.address(sort=",".join([*others, _key(column.name, then)])),
        None if descending is None else "descending" if descending else "ascending",
        list(order).index(column.name) + 1 if descending is not None and len(order) > 1 else None,
    )


def _key(name: str, descending: bool) -> str:
    return f"-{name}" if descending else name


def _order(state: BoardState, columns: Columns) -> Iterator[tuple[str, bool]]:
    for name in filter(None, map(str.strip, state.asked.sort.split(","))):
        if column := columns.find(name):
            yield column.name, name.startswith("-")
