"""Reads a search: `llama; 7b`, `@license:apache -@params:>13`, `qwen2.5-(7|14)b`.

`docs/query.md` has the language. This module takes it apart and knows where everything stands;
`values` reads what a field is compared with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import Column
from services.gateway.query.terms import Matches, Search, Term
from services.gateway.query.values import Unreadable, Value, read_value

MOST_CHARACTERS = 1000
MOST_TERMS = 32
MOST_PATTERNS = 8
"""What a million rows can be held against without keeping others waiting."""

_FIELD = re.compile(r'@(?:"([^"]*)"|([^\s:;@"]*))(:?)')
_BLANK = re.compile(r"\s+")
# A bare value ends where a field begins, with or without a space between.
_BARE = re.compile(r'(?:(?!@(?:[\w.-]+|"[^"]+"):)[^\s;])+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass
class _Reader:
    text: str
    columns: Columns
    at: int = 0

    def alternatives(self) -> Iterator[tuple[Term, ...]]:
        terms: list[Term] = []
        while self.at < len(self.text):
            if self._take(_BLANK):
                continue
            if self.text[self.at] == ";":
                self.at += 1
                yield tuple(terms)
                terms = []
            else:
                terms.append(self._term())
        yield tuple(terms)

    def _term(self) -> Term:
        start = self.at
        negated = self.text[self.at] == "-" and bool(re.match(r"[^\s;]", self.text[self.at + 1 :]))
        self.at += negated
        column = self._field() or self.columns["model"]
        value = self._value(column)
        try:
            test = read_value(value, column)
        except Unreadable as fault:
            raise self._refusal(
                str(fault), fault.advice, value.start + fault.start, value.start + fault.end
            ) from fault
        return Term(start, self.at, column, test, negated)

    def _field(self) -> Column | None:
        """The field before the value; None where there is only a value."""
        start = self.at
        if not (found := self._take(_FIELD)):
            return None
        quoted, bare, colon = found.groups()
        name = quoted or bare
        if not (name and colon):
            raise self._refusal(
                "An `@` begins a field, and a field needs a name and a colon",
                "Write `@field:value`, or put quotes around what begins with `@`.",
                start,
                self.at,
            )
        if column := self.columns.find(name):
            return column
        raise unknown_field(name, self.columns, "search", {"start": start, "end": self.at})

    def _value(self, column: Column) -> Value:
        if found := self._take(_QUOTED):
            return Value(_ESCAPED.sub(r"\1", found[1]), found.start() + 1, quoted=True)
        if self.text[self.at : self.at + 1] == '"':
            raise self._refusal(
                "A quote begins and does not end",
                'Close it, or write `\\"` for a quote within quotes.',
                self.at,
                len(self.text),
            )
        if found := self._take(_BARE):
            return Value(found[0], found.start(), quoted=False)
        raise self._refusal(
            f"`@{column.name}:` has no value",
            'Write one after the colon, without a space; `""` finds rows without a value.',
            self.at,
            self.at,
        )

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()
        return found

    def _refusal(self, message: str, advice: str, start: int, end: int) -> Refusal:
        return Refusal(
            ErrorCode.INVALID_SEARCH,
            f"{message} (at character {start + 1} of the search).",
            advice,
            {"parameter": "search", "start": start, "end": end},
        )


def read_search(text: str, columns: Columns) -> Search:
    """Raises Refusal for what is no search, with the place of the fault."""
    if len(text) > MOST_CHARACTERS:
        raise Refusal(
            ErrorCode.INVALID_SEARCH,
            f"The search has {len(text)} characters; {MOST_CHARACTERS} are the most.",
            "Use filters, or several searches.",
            {"parameter": "search", "start": MOST_CHARACTERS, "end": len(text)},
        )
    alternatives = tuple(filter(None, _Reader(text, columns).alternatives()))
    terms = [term for alternative in alternatives for term in alternative]
    if len(terms) > MOST_TERMS:
        raise Refusal(
            ErrorCode.INVALID_SEARCH,
            f"The search has {len(terms)} terms; {MOST_TERMS} are the most.",
            "Join some of them in a pattern, such as `(7|13|70)b`.",
            {"parameter": "search", "start": terms[MOST_TERMS].start, "end": len(text)},
        )
    patterns = [term for term in terms if isinstance(term.test, Matches)]
    if len(patterns) > MOST_PATTERNS:
        raise Refusal(
            ErrorCode.INVALID_SEARCH,
            f"The search has {len(patterns)} patterns; {MOST_PATTERNS} are the most.",
            "Join some of them with `|`, such as `(7|13|70)b`.",
            {"parameter": "search", "start": patterns[MOST_PATTERNS].start, "end": len(text)},
        )
    return Search(text, alternatives)


def unknown_field(
    name: str, columns: Columns, parameter: str, details: dict[str, int] | None = None
) -> Refusal:
    nearest = columns.nearest(name)
    return Refusal(
        ErrorCode.FIELD_UNKNOWN,
        f"There is no field {name!r} on this board."
        + (f" Did you mean {nearest!r}?" if nearest else ""),
        f"Choose one of: {', '.join(columns.names)}.",
        {
            "parameter": parameter,
            "nearest": nearest,
            "fields": list(columns.names),
            **(details or {}),
        },
    )
