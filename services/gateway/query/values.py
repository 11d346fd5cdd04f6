"""Reads what a field is compared with: text, a pattern, a number, a time or a range of them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from polars.exceptions import ComputeError

from services.gateway.query.columns import Column, Kind
from services.gateway.query.terms import Contains, Equals, Is, Matches, Test, Unknown, Within

# `.` alone makes no pattern, as names are full of dots; `+` only does where it repeats one.
_PATTERN = re.compile(r"[\\^$*?()\[\]{}|]|(?<=[.)\]}])\+")
_COMPARISON = re.compile(r"(<=|>=|<|>|=)")
_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,3}))?)([kKmMbBtT%]?)")
_BILLIONS = {"k": 1e-6, "m": 1e-3, "b": 1.0, "t": 1e3}
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Unreadable(Exception):
    """The message has no full stop. `start` and `end` are places within the value."""

    def __init__(self, message: str, advice: str, start: int, end: int) -> None:
        super().__init__(message)
        self.advice = advice
        self.start = start
        self.end = end


@dataclass(frozen=True)
class Value:
    text: str
    start: int
    """Where it stands in the search, in characters."""
    quoted: bool


def read_value(value: Value, column: Column) -> Test:
    """Raises Unreadable for what the column's kind cannot be compared with."""
    if value.quoted and not value.text:
        return Unknown()
    match column.kind:
        case Kind.BOOLEAN:
            return _truth(value.text, column)
        case Kind.NUMBER | Kind.TIME:
            return _range(value.text, column)
        case _ if value.quoted:
            return Contains(value.text)
        case _:
            return _text(value.text, column)


def _text(text: str, column: Column) -> Test:
    comparison = _COMPARISON.match(text)
    if comparison and comparison[1] != "=":
        raise Unreadable(
            f"{column.label} is text, which `{comparison[1]}` does not compare",
            "Leave the sign out, or put quotes around the value.",
            0,
            comparison.end(),
        )
    if comparison and len(text) > 1:
        return Equals(text[1:])
    if _PATTERN.search(text):
        check_pattern(text)
        return Matches(text)
    return Contains(text)


def check_pattern(pattern: str) -> None:
    """Raises Unreadable with the place that the regex crate complains of."""
    try:
        pl.Series([""]).str.contains(f"(?i){pattern}")
    except ComputeError as fault:
        lines = str(fault).split("\n")
        reason = next((line for line in lines if line.startswith("error: ")), lines[0])
        caret = next((line for line in lines if re.fullmatch(r" +\^[ ^]*", line)), "")
        # Four columns of margin, then the flag that this module has put before the pattern.
        start = max(caret.find("^") - len("    (?i)"), 0)
        end = start + len(caret.strip().split(" ")[0]) if caret else len(pattern)
        raise Unreadable(
            f"The pattern cannot be read: {reason.removeprefix('error: ').removesuffix('.')}",
            "Correct it, or put quotes around it to find it as it is written.",
            start,
            min(end, len(pattern)),
        ) from fault


def _truth(text: str, column: Column) -> Test:
    truth = _TRUTHS.get(text.casefold())
    if truth is None:
        raise Unreadable(
            f"{column.label} is yes or no, not {text!r}", "Write `true` or `false`.", 0, len(text)
        )
    return Is(truth)


def _range(text: str, column: Column) -> Test:
    read = _moment if column.kind is Kind.TIME else _number
    first, dots, last = text.partition("..")
    if dots and (first or last):
        low = read(first, column, 0) if first else None
        high = read(last, column, len(first) + 2) if last else None
        # A range of dates ends with the end of its last day; one of numbers at the number.
        ends_after = column.kind is Kind.TIME
        return Within(
            low.low if low and ends_after else low.exact if low else None,
            True,
            high.high if high and ends_after else high.exact if high else None,
            not ends_after,
        )
    comparison = _COMPARISON.match(text)
    sign = comparison[1] if comparison else ""
    point = read(text[len(sign) :], column, len(sign))
    if column.kind is Kind.NUMBER and sign:
        point = _Point(point.exact, point.exact, point.exact)
    match sign:
        case "<":
            return Within(high=point.low, high_counts=False)
        case ">":
            return Within(low=point.high, low_counts=column.kind is Kind.TIME)
        case "<=":
            return Within(high=point.high, high_counts=column.kind is not Kind.TIME)
        case ">=":
            return Within(low=point.low)
        case "=" if column.kind is Kind.NUMBER:
            return Within(point.exact, True, point.exact, True, written=text[1:])
    single = point.low == point.high
    return Within(point.low, True, point.high, single, written=text.removeprefix("="))


@dataclass(frozen=True)
class _Point:
    """A value as precisely as it was written: 7.2 stands for 7.15 up to 7.25."""

    exact: float | datetime
    low: float | datetime
    high: float | datetime


def _number(text: str, column: Column, offset: int) -> _Point:
    found = _NUMBER.fullmatch(text)
    suffix = found[5].casefold() if found else ""
    if not found or (suffix in _BILLIONS and column.unit != "B"):
        raise Unreadable(
            f"{column.label} is a number, not {text!r}",
            "Write a number, `<7`, `>=7` or a range such as `3..7`.",
            offset,
            offset + len(text),
        )
    scale = _BILLIONS.get(suffix, 1.0)
    number = float(found[1]) * scale
    # Beyond what a float holds, a number stands for itself alone.
    decimals = len(found[2] or found[3] or "") - int(found[4] or 0)
    half = 0.5 * 10.0**-decimals * scale if abs(decimals) < 300 and not column.whole else 0.0
    return _Point(number, number - half, number + half)


def _moment(text: str, column: Column, offset: int) -> _Point:
    try:
        return _day(text)
    except (ValueError, OverflowError) as fault:
        raise Unreadable(
            f"{column.label} is a date, not {text!r}",
            "Write `2024`, `2024-06` or `2024-06-15`, after `<` or `>` or as a range `2024..2025`.",
            offset,
            offset + len(text),
        ) from fault


def _day(text: str) -> _Point:
    """The year, month or day. Raises ValueError for what is none."""
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(text)
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    start = datetime(year, month or 1, day or 1, tzinfo=UTC)
    if day is not None:
        end = datetime.fromordinal(start.toordinal() + 1).replace(tzinfo=UTC)
    elif month is not None:
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    else:
        end = datetime(year + 1, 1, 1, tzinfo=UTC)
    return _Point(start, start, end)
