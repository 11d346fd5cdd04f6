"""A search as a condition on the rows."""

from collections.abc import Callable

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
"""The different values of a column of few, as text."""


def condition(search: Search, values: Values) -> pl.Expr | None:
    """None when every row is found."""
    if not search.alternatives:
        return None
    return pl.any_horizontal(
        pl.all_horizontal(_term(term, values) for term in terms) for terms in search.alternatives
    )


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
            found = known.filter(known.to_frame().select(_text(pl.first(), test)).to_series())
            return cell.is_in(found.to_list()).fill_null(False)
        case test if term.column.name == "model":
            return _text(pl.col(FOLDED_NAME), test, folded=True)
        case test:
            return _text(cell, test).fill_null(False)


def _text(cell: pl.Expr, test: Contains | Matches | Equals, *, folded: bool = False) -> pl.Expr:
    lower = cell if folded else cell.str.to_lowercase()
    match test:
        case Matches(pattern):
            return cell.str.contains(f"(?i){pattern}")
        case Contains(text):
            return lower.str.contains(text.lower(), literal=True)
        case Equals(text):
            return lower == text.lower()


def _within(cell: pl.Expr, range_: Within) -> pl.Expr:
    sides = []
    if range_.low is not None:
        sides.append(cell >= range_.low if range_.low_counts else cell > range_.low)
    if range_.high is not None:
        sides.append(cell <= range_.high if range_.high_counts else cell < range_.high)
    return pl.all_horizontal(sides)
