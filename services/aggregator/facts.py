"""Events as the fold keeps them: each once, and in the order of the stream."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from contracts.base import Event

E_co = TypeVar("E_co", bound=Event, covariant=True)
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Fact(Generic[E_co]):
    """An event, when its writer says it happened, and where it stands in EVENTS."""

    event: E_co
    id: UUID
    at: datetime
    sequence: int
    body: bytes = field(default=b"", compare=False, repr=False)
    """The event as it stands in the stream; empty where that is not known."""


Facts = Mapping[UUID, Fact[Any]]


def with_fact(facts: Facts, fact: Fact[Any]) -> Facts:
    """A repeat changes nothing: the earliest place in the stream counts."""
    known = facts.get(fact.id)
    if known and known.sequence <= fact.sequence:
        return facts
    return {**facts, fact.id: fact}


def earlier_than(facts: Facts, sequence: int) -> Facts:
    """Those that stood in the stream then."""
    return {id_: fact for id_, fact in facts.items() if fact.sequence < sequence}


def in_stream_order(facts: Facts) -> list[Fact[Any]]:
    return sorted(facts.values(), key=lambda fact: fact.sequence)


class Kinds:
    """Facts by the kind of their events, for those who ask for many."""

    def __init__(self, facts: Iterable[Fact[Any]]) -> None:
        self._facts: dict[type[Event], list[Fact[Any]]] = {}
        for fact in facts:
            self._facts.setdefault(type(fact.event), []).append(fact)

    def of(self, kind: type[E]) -> Sequence[Fact[E]]:
        """In the order they came in."""
        return self._facts.get(kind, ())


def of_kind(kind: type[E], facts: Iterable[Fact[Any]]) -> list[Fact[E]]:
    return [fact for fact in facts if isinstance(fact.event, kind)]
