"""A search as a condition on the rows."""

from collections.abc import Callable, Sequence

import polars as pl

from services.gateway.query.columns import Kind
from services.gateway.query.frame import FOLDED_NAME
from services.gateway.query.terms import (
    Contains,
    Equals,
    Is,
    Matches,
    Search,
    Term,
    Unknown,
    Within,
)

Values = Callable[[str], pl.Series]
"""The different values of a column of choices."""


def condition(search: Search, values: Values) -> pl.Expr | None:
    """None when every row is found."""
    if not search.alternatives:
        return None
    names, others = [], []
    for terms in search.alternatives:
        if len(terms) == 1 and _is_in_name(terms[0]) and not terms[0].negated:
            names.append(terms[0])
        else:
            others.append(_all(terms, values))
    return pl.any_horizontal([*others, *_any_in_name(names)])


def _all(terms: Sequence[Term], values: Values) -> pl.Expr:
    """A row has none of the names that are excluded, and everything else."""
    excluded = [term for term in terms if _is_in_name(term) and term.negated]
    others = [term for term in terms if term not in excluded]
    return pl.all_horizontal(
        [
            *(_term(term, values) for term in others),
            *(~found for found in _any_in_name(excluded)),
        ]
    )


def _is_in_name(term: Term) -> bool:
    return term.column.name == "model" and isinstance(term.test, Contains)


def _any_in_name(terms: Sequence[Term]) -> list[pl.Expr]:
    """One pass over the names, however many there are to find."""
    texts = [term.test.text.lower() for term in terms if isinstance(term.test, Contains)]
    name = pl.col(FOLDED_NAME)
    if len(texts) <= 1:
        return [name.str.contains(text, literal=True) for text in texts]
    return [name.str.contains_any(texts)]


def _term(term: Term, values: Values) -> pl.Expr:
    found = _test(term, values)
    return ~found if term.negated else found


def _test(term: Term, values: Values) -> pl.Expr:
    """Never null: a value that is not known is not found, and its opposite is."""
    cell = pl.col(term.column.name)
    match term.test:
        case Unknown():
            return cell.is_null()
        case Is(truth):
            return (cell == truth).fill_null(False)
        case Within() as range_:
            return _within(cell, range_).fill_null(False)
        case Contains() | Matches() | Equals() as test if term.column.kind is Kind.CHOICE:
            known = values(term.column.name)
            folded = known.str.to_lowercase().to_frame().select(_text(pl.first(), test))
            return cell.is_in(known.filter(folded.to_series()).to_list()).fill_null(False)
        case test if term.column.name == "model":
            return _text(pl.col(FOLDED_NAME), test)
        case test:
            return _text(cell, test).fill_null(False)


def _text(folded: pl.Expr, test: Contains | Matches | Equals) -> pl.Expr:
    """Of text in lower case, as ids and commits are by themselves."""
    match test:
        case Matches(pattern):
            return folded.str.contains(f"(?i){pattern}")
        case Contains(text):
            return folded.str.contains(text.lower(), literal=True)
        case Equals(text):
            return folded == text.lower()


def _within(cell: pl.Expr, range_: Within) -> pl.Expr:
    sides = []
    if range_.low is not None:
        sides.append(cell >= range_.low if range_.low_counts else cell > range_.low)
    if range_.high is not None:
        sides.append(cell <= range_.high if range_.high_counts else cell < range_.high)
    return pl.all_horizontal(sides)
