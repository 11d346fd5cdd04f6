"""Looks through the texts of rows: the part of a search that takes long on a large board."""

from collections import OrderedDict
from threading import Lock

import polars as pl

from services.gateway.query.columns import FOLDED_NAME, Kind
from services.gateway.query.terms import Contains, Equals, Matches, Term, Test, Unknown

TextTest = Contains | Matches | Equals

_MOST_KEPT = 64
"""An eighth of a megabyte each, where there are a million rows."""
_FEW = 0.5
"""Of all rows. To look through more takes hardly less than to look through all, which serves the
next search as well."""
_SMALL = 10_000
"""Rows of a board that are looked through in no time."""


def passes(folded: pl.Expr, test: TextTest) -> pl.Expr:
    """Of text in lower case, as ids and commits are by themselves."""
    match test:
        case Matches(pattern):
            return folded.str.contains(f"(?i){pattern}")
        case Contains(text):
            return folded.str.contains(text.lower(), literal=True)
        case Equals(text):
            return folded == text.lower()


def is_of_text(term: Term) -> bool:
    """Whether it looks through text that hardly any rows share."""
    return term.column.kind is Kind.TEXT and not isinstance(term.test, Unknown)


class Texts:
    """Of a snapshot's rows. What was found last is kept, as most searches share their words with
    others. For any number of threads."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows
        self._kept: OrderedDict[tuple[str, Test], pl.Series] = OrderedDict()
        self._lock = Lock()

    def takes_long(self, term: Term) -> bool:
        return _key(term) not in self._kept

    def meeting(self, term: Term, left: pl.Series) -> pl.Series:
        """Those of the rows that are `left` which meet a term of text."""
        found = self._found(term, left)
        return left & ~found if term.negated else left & found

    def _found(self, term: Term, left: pl.Series) -> pl.Series:
        """Of rows that are not `left` it says nothing."""
        key = _key(term)
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        if len(left) > _SMALL and left.sum() < _FEW * len(left):
            places = pl.int_range(len(left), dtype=pl.UInt32, eager=True).filter(left)
            passing = places.filter(_look(self._rows.select(key[0]).filter(left), term))
            return pl.repeat(False, len(left), eager=True).scatter(passing, True)
        found = _look(self._rows.select(key[0]), term)
        with self._lock:
            self._kept[key] = found
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found


def _key(term: Term) -> tuple[str, Test]:
    """The column whose text is in lower case, and what it is held against."""
    name = term.column.name
    return FOLDED_NAME if name == "model" else name, term.test


def _look(cells: pl.DataFrame, term: Term) -> pl.Series:
    assert isinstance(term.test, TextTest)
    return cells.select(passes(pl.first(), term.test).fill_null(False)).to_series()
