"""A search for its writer: how each term was understood, what it found in names, what is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from services.gateway.http.errors import Refusal
from services.gateway.query.terms import Contains, Equals, Matches, Search, Term

COLOURS = 6


@dataclass(frozen=True)
class ToldTerm:
    written: str
    explanation: str
    colour: int
    """1 to COLOURS, that of its matches."""


@dataclass(frozen=True)
class Piece:
    """Of a model's name."""

    text: str
    colour: int = 0
    """Of the term that matches it; 0 when none does."""


@dataclass(frozen=True)
class Fault:
    """The search as it was written, around the place that cannot be read."""

    before: str
    at: str
    after: str
    message: str
    advice: str


def told_terms(search: Search) -> tuple[tuple[ToldTerm, ...], ...]:
    """By alternative."""
    colours = _colours(search)
    return tuple(
        tuple(
            ToldTerm(search.text[term.start : term.end], term.explanation, colours[id(term)])
            for term in terms
        )
        for terms in search.alternatives
    )


def fault_of(refusal: Refusal, text: str) -> Fault | None:
    """None when it is not the search that was refused."""
    details = refusal.details or {}
    if details.get("parameter") != "search":
        return None
    start, end = details["start"], max(details["end"], details["start"])
    advice = refusal.advice
    if nearest := details.get("nearest"):
        # There are dozens, and most likely it is this one.
        advice = f"Write `@{nearest}:` followed by what to look for."
    return Fault(text[:start], text[start:end], text[end:], refusal.message, advice)


class Highlights:
    """Where the terms of a search stand in names."""

    def __init__(self, search: Search, names: Sequence[str]) -> None:
        colours = _colours(search)
        self._found: dict[str, list[tuple[int, int, int]]] = {}
        for terms in search.alternatives:
            for term in terms:
                if term.column.name == "model" and not term.negated:
                    self._find(term, colours[id(term)], names)

    def _find(self, term: Term, colour: int, names: Sequence[str]) -> None:
        # The search's own engine, which takes linear time whatever the pattern.
        pattern = pl.Series(names, dtype=pl.String).str.extract_all(_pattern(term))
        for name, texts in zip(names, pattern.to_list(), strict=True):
            end = 0
            for text in filter(None, texts):
                start = name.index(text, end)
                end = start + len(text)
                self._found.setdefault(name, []).append((start, end, colour))

    def pieces(self, name: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
        """Of the namespace with its slash, and of the rest. Of terms that overlap, the first
        counts."""
        colours = [0] * len(name)
        for start, end, colour in self._found.get(name, ()):
            for place in range(start, end):
                colours[place] = colours[place] or colour
        middle = name.rfind("/") + 1
        return (
            tuple(_pieces(name[:middle], colours[:middle])),
            tuple(_pieces(name[middle:], colours[middle:])),
        )


def _pieces(text: str, colours: Sequence[int]) -> Iterator[Piece]:
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or colours[place] != colours[start]:
            yield Piece(text[start:place], colours[start])
            start = place


def _pattern(term: Term) -> str:
    match term.test:
        case Matches(pattern):
            return f"(?i){pattern}"
        case Contains(text) | Equals(text):
            return f"(?i){pl.escape_regex(text)}"
        case _:
            return r"[^\s\S]"


def _colours(search: Search) -> dict[int, int]:
    terms = [term for alternative in search.alternatives for term in alternative]
    return {id(term): place % COLOURS + 1 for place, term in enumerate(terms)}
