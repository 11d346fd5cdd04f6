"""The rows that a search finds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from services.gateway.query.frame import Snapshot
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
from services.gateway.query.texts import is_of_text, passes


def searched(search: Search, rows: pl.DataFrame, snapshot: Snapshot) -> pl.Series | None:
    """Whether each row is found; None when every row is. `rows` are the snapshot's, with ranks."""
    if not search.alternatives:
        return None
    found = pl.repeat(False, rows.height, eager=True)
    for terms in _alternatives(search):
        found |= _meeting(terms, ~found, rows, snapshot)
    return found


def _alternatives(search: Search) -> Iterator[list[Term]]:
    """One pass over the names, however many there are to find or, within an alternative, to leave
    out."""
    names = []
    for terms in search.alternatives:
        if len(terms) == 1 and _is_in_name(terms[0]) and not terms[0].negated:
            names.append(terms[0])
        else:
            excluded = [term for term in terms if _is_in_name(term) and term.negated]
            yield [*(term for term in terms if term not in excluded), *_joined(excluded)]
    if names:
        yield _joined(names)


def _is_in_name(term: Term) -> bool:
    return term.column.name == "model" and isinstance(term.test, Contains)


def _joined(names: Sequence[Term]) -> list[Term]:
    if len(names) <= 1:
        return list(names)
    texts = [re.escape(term.test.text.lower()) for term in names if isinstance(term.test, Contains)]
    # Names are in lower case, as these are; to look for both cases would take twice as long.
    return [replace(names[0], test=Matches(f"(?-i:{'|'.join(texts)})"))]


def _meeting(
    terms: Sequence[Term], left: pl.Series, rows: pl.DataFrame, snapshot: Snapshot
) -> pl.Series:
    """Those of the rows that are `left` which meet all terms. What takes longest is asked last, of
    as few rows as possible."""
    cells = [_cell_meets(term, snapshot) for term in terms if not is_of_text(term)]
    if cells:
        left = left & rows.select(pl.all_horizontal(cells)).to_series()
    for term in sorted(filter(is_of_text, terms), key=snapshot.texts.takes_long):
        left = snapshot.texts.meeting(term, left)
    return left


def _cell_meets(term: Term, snapshot: Snapshot) -> pl.Expr:
    """Never null: a value that is not known is not found, and its opposite is."""
    found = _cell_passes(term, snapshot)
    return ~found if term.negated else found


def _cell_passes(term: Term, snapshot: Snapshot) -> pl.Expr:
    cell = pl.col(term.column.name)
    match term.test:
        case Unknown():
            return cell.is_null()
        case Is(truth):
            return (cell == truth).fill_null(False)
        case Within() as range_:
            return _within(cell, range_).fill_null(False)
        case Contains() | Matches() | Equals() as test:
            known = snapshot.values(term.column.name)
            folded = known.str.to_lowercase().to_frame().select(passes(pl.first(), test))
            return cell.is_in(known.filter(folded.to_series()).to_list()).fill_null(False)


def _within(cell: pl.Expr, range_: Within) -> pl.Expr:
    sides = []
    if range_.low is not None:
        sides.append(cell >= range_.low if range_.low_counts else cell > range_.low)
    if range_.high is not None:
        sides.append(cell <= range_.high if range_.high_counts else cell < range_.high)
    return pl.all_horizontal(sides)
