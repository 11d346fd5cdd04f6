"""What a new definition of a board did to the rows that stood on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from uuid import NAMESPACE_OID, uuid5

from contracts.board import Board, BoardDefined
from contracts.envelope import Envelope
from contracts.views import Entry, Move, Rescoring
from services.aggregator.differences import differences
from services.aggregator.facts import Fact, Facts, of_kind
from services.aggregator.past import definitions_of

_MOST_MOVES = 500


@dataclass(frozen=True)
class Change:
    """Two definitions of one board that score differently, one after the other."""

    old: Fact[BoardDefined]
    new: Fact[BoardDefined]

    @property
    def subject(self) -> str:
        """Of the view about it."""
        event = self.new.event
        return Rescoring.subject_filter(board=event.board, sequence=self.new.sequence)


@dataclass(frozen=True)
class Pair:
    """One row by both definitions; an entry is None where it would not be on the board."""

    sid: str
    repo_id: str
    before: float | None
    after: float | None

    @classmethod
    def of(cls, before: Entry | None, after: Entry | None) -> "Pair | None":
        entry = after or before
        if entry is None:
            return None
        return cls(
            entry.sid,
            entry.repo_id,
            before.average if before else None,
            after.average if after else None,
        )

    @property
    def difference(self) -> float:
        """Of the averages; infinite where a row has lost or won its own."""
        if self.before is None or self.after is None:
            return 0.0 if self.before is self.after else inf
        return abs(self.after - self.before)


@dataclass(frozen=True)
class NewDefinition:
    event: BoardDefined
    envelope: Envelope
    """Its id follows from the definition that it replaces: published twice, it is one event."""


def new_definition(definitions: Facts, board: Board, scoring_version: str) -> NewDefinition | None:
    """None when the board's last definition scores just so."""
    last = next(reversed(definitions_of(board.name, definitions)), None)
    if last and last.event.scoring_version == scoring_version:
        return None
    event = BoardDefined(board=board.name, scoring_version=scoring_version, definition=board)
    cause = last.id if last else NAMESPACE_OID
    envelope = Envelope(
        event.type_name(), "aggregator", id=uuid5(cause, f"{event.subject()} {scoring_version}")
    )
    return NewDefinition(event, envelope)


def changes(definitions: Facts) -> Iterator[Change]:
    """Of all boards."""
    facts = of_kind(BoardDefined, definitions.values())
    for board in dict.fromkeys(fact.event.board for fact in facts):
        for old, new in pairwise(definitions_of(board, definitions)):
            if old.event.scoring_version != new.event.scoring_version:
                yield Change(old, new)


def rescoring(change: Change, pairs: Iterable[Pair]) -> Rescoring:
    rows = list(pairs)
    before = _ranks({row.sid: row.before for row in rows})
    after = _ranks({row.sid: row.after for row in rows})

    def places(row: Pair) -> float:
        """That it moved by; infinite where it has lost or won its rank."""
        old, new = before.get(row.sid), after.get(row.sid)
        return abs(new - old) if old and new else inf

    moved = sorted(
        (row for row in rows if row.difference),
        key=lambda row: (-places(row), -row.difference, row.sid),
    )
    new = change.new.event
    return Rescoring(
        board=new.board,
        sequence=change.new.sequence,
        at=change.new.at,
        old_version=change.old.event.definition.version,
        version=new.definition.version,
        scoring_version=new.scoring_version,
        old_scoring_version=change.old.event.scoring_version,
        differences=differences(change.old.event.definition, new.definition),
        rows=len(rows),
        moved=len(moved),
        moves=tuple(
            Move(
                sid=row.sid,
                repo_id=row.repo_id,
                before=row.before,
                after=row.after,
                rank_before=before.get(row.sid),
                rank_after=after.get(row.sid),
            )
            for row in moved[:_MOST_MOVES]
        ),
    )


def _ranks(averages: Mapping[str, float | None]) -> dict[str, int]:
    """Places from 1 by id, equal averages sharing one; without those that have no average."""
    known = sorted((value for value in averages.values() if value is not None), reverse=True)
    first: dict[float, int] = {}
    for place, value in enumerate(known, start=1):
        first.setdefault(value, place)
    return {sid: first[value] for sid, value in averages.items() if value is not None}
