"""How a search was read, in the HTTP API."""

from typing import Literal

import msgspec

from services.gateway.query.terms import (
    Contains,
    Equals,
    Is,
    Matches,
    Search,
    Term,
    Test,
    Unknown,
    Within,
)

TestName = Literal["contains", "matches", "equals", "unknown", "is", "within"]


class SearchTerm(msgspec.Struct, frozen=True):
    start: int
    """Where it stands in the search, in characters."""
    end: int
    field: str
    """Name of the column."""
    test: TestName
    text: str | None
    """What `contains`, `matches` (a pattern of Rust's regex) and `equals` look for, in any case:
    what to highlight."""
    negated: bool
    explanation: str
    """A sentence without its full stop."""


class SearchExplained(msgspec.Struct, frozen=True):
    """How a search was read."""

    search: str
    alternatives: tuple[tuple[SearchTerm, ...], ...]
    """A row is found when all terms of one of them hold."""
    explanation: str
    """All of it in a sentence; empty when every row is found."""


def search_explained(search: Search) -> SearchExplained:
    return SearchExplained(
        search.text,
        tuple(tuple(map(_term, terms)) for terms in search.alternatives),
        search.explanation,
    )


def _term(term: Term) -> SearchTerm:
    name, text = _named(term.test)
    return SearchTerm(
        start=term.start,
        end=term.end,
        field=term.column.name,
        test=name,
        text=text,
        negated=term.negated,
        explanation=term.explanation,
    )


def _named(test: Test) -> tuple[TestName, str | None]:
    match test:
        case Contains(text):
            return "contains", text
        case Matches(pattern):
            return "matches", pattern
        case Equals(text):
            return "equals", text
        case Unknown():
            return "unknown", None
        case Is():
            return "is", None
        case Within():
            return "within", None
