"""What a search means once it is read. Every term can say so in a sentence."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.query.columns import Column

Bound = float | datetime


@dataclass(frozen=True)
class Contains:
    """Case makes no difference, here and in the other tests of text."""

    text: str

    def told(self, negated: bool) -> str:
        return f"{'does not contain' if negated else 'contains'} “{self.text}”"


@dataclass(frozen=True)
class Matches:
    pattern: str
    """In the syntax of Rust's regex crate, which knows no look-around and no backreferences, and
    therefore takes linear time."""

    def told(self, negated: bool) -> str:
        return f"{'does not match' if negated else 'matches'} the pattern {self.pattern}"


@dataclass(frozen=True)
class Equals:
    text: str

    def told(self, negated: bool) -> str:
        return f"is {'not ' if negated else ''}“{self.text}”"


@dataclass(frozen=True)
class Unknown:
    """The row has no value."""

    def told(self, negated: bool) -> str:
        return "is known" if negated else "is unknown"


@dataclass(frozen=True)
class Is:
    value: bool

    def told(self, negated: bool) -> str:
        return "is yes" if self.value is not negated else "is no"


@dataclass(frozen=True)
class Within:
    """A side that is None is open."""

    low: Bound | None = None
    low_counts: bool = True
    """Whether the bound itself is within."""
    high: Bound | None = None
    high_counts: bool = True
    written: str = ""
    """How a single value was written that stands for everything that rounds to it."""

    def told(self, negated: bool) -> str:
        return f"is {'not ' if negated else ''}{self._where()}"

    def _where(self) -> str:
        if self.written:
            return self.written
        sides = []
        if self.low is not None:
            sides.append(f"{'at least' if self.low_counts else 'above'} {_shown(self.low)}")
        if self.high is not None:
            sides.append(f"{'at most' if self.high_counts else 'below'} {_shown(self.high)}")
        return " and ".join(sides)


Test = Contains | Matches | Equals | Unknown | Is | Within


@dataclass(frozen=True)
class Term:
    start: int
    """Where it stands in the search, in characters."""
    end: int
    column: Column
    test: Test
    negated: bool

    @property
    def explanation(self) -> str:
        return f"{self.column.label} {self.test.told(self.negated)}"


@dataclass(frozen=True)
class Search:
    text: str
    alternatives: tuple[tuple[Term, ...], ...] = ()
    """A row is found when all terms of one of them hold. Without any, every row is."""

    @property
    def explanation(self) -> str:
        return "; or ".join(
            " and ".join(term.explanation for term in terms) for terms in self.alternatives
        )


def _shown(bound: Bound) -> str:
    return f"{bound:%Y-%m-%d}" if isinstance(bound, datetime) else f"{bound:.12g}"
