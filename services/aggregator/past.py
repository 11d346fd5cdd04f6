"""A board as it was: the same fold, over what had happened by then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.board import Board, BoardDefined
from contracts.imports import RequestImported, ResultsImported, RowImported
from contracts.views import Entry
from services.aggregator.facts import Fact, Facts, in_stream_order, of_kind

_IMPORTS = (RowImported, RequestImported, ResultsImported)


@dataclass(frozen=True)
class Past:
    board: Board
    """The definition that held then."""
    entries: Iterator[Entry | None]
    """One or None for each submission to any board, so that whoever has other things to do can do
    them in between."""


def happened_by(facts: Facts, at: datetime) -> Facts:
    """What counted then."""
    return {id_: facts[id_] for id_, since in counting_since(facts).items() if since <= at}


def counting_since(facts: Facts) -> dict[UUID, datetime]:
    """When each of one submission's facts happened, as their writers say. That is kept in EVENTS,
    and a copy of the stream keeps it too, which it does not keep the times at which the server took
    them.

    What was imported counts from the time the model was submitted where it comes from: whoever
    moves in brings a past along."""
    dates = [
        fact.event.submitted_at
        for fact in facts.values()
        if isinstance(fact.event, RowImported | RequestImported) and fact.event.submitted_at
    ]
    began = min(dates, default=None)
    return {
        id_: min(fact.at, began) if began and isinstance(fact.event, _IMPORTS) else fact.at
        for id_, fact in facts.items()
    }


def definition_by(definitions: Facts, board: Board, at: datetime) -> Board:
    """The last one by then; before the first one, the first: rows that were imported are older than
    any. `board` is what there is where none was ever told of."""
    told = definitions_of(board.name, definitions)
    if not told:
        return board
    return next((fact for fact in reversed(told) if fact.at <= at), told[0]).event.definition


def definitions_of(board: str, definitions: Facts) -> list[Fact[BoardDefined]]:
    """In stream order."""
    facts = of_kind(BoardDefined, in_stream_order(definitions))
    return [fact for fact in facts if fact.event.board == board]
