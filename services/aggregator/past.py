"""A board as it was: the same fold, over what had happened by then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from contracts.board import Board, BoardDefined
from contracts.imports import RequestImported, ResultsImported, RowImported
from contracts.views import Entry
from services.aggregator.facts import Facts, in_stream_order, of_kind

_IMPORTS = (RowImported, RequestImported, ResultsImported)


@dataclass(frozen=True)
class Past:
    board: Board
    """The definition that held then."""
    entries: Iterator[Entry | None]
    """One or None for each submission to any board, so that whoever has other things to do can do
    them in between."""


def happened_by(facts: Facts, at: datetime) -> Facts:
    """By when their writers say they happened. That is kept in EVENTS, and a copy of the stream
    keeps it too, which it does not keep the times at which the server took them.

    What was imported counts from the time the model was submitted where it comes from: whoever
    moves in brings a past along."""
    imports = [fact.event for fact in facts.values() if isinstance(fact.event, _IMPORTS)]
    dates = [
        event.submitted_at
        for event in imports
        if isinstance(event, RowImported | RequestImported) and event.submitted_at
    ]
    began = min(dates, default=None)
    return {
        id_: fact
        for id_, fact in facts.items()
        if fact.at <= at or (began and began <= at and isinstance(fact.event, _IMPORTS))
    }


def definition_by(definitions: Facts, board: Board, at: datetime) -> Board:
    """The last one by then; before the first one, the first: rows that were imported are older than
    any. `board` is what there is where none was ever told of."""
    told = [
        fact
        for fact in of_kind(BoardDefined, in_stream_order(definitions))
        if fact.event.board == board.name
    ]
    if not told:
        return board
    return next((fact for fact in reversed(told) if fact.at <= at), told[0]).event.definition
