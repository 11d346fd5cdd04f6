"""What is wrong with something that was to be imported."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True)
class Problem:
    where: str
    """The row or file."""
    field: str
    """Column or key; empty when it is about the whole."""
    found: str
    what: str

    def __str__(self) -> str:
        field = f", {self.field!r}" if self.field else ""
        found = f"found {self.found}: " if self.found else ""
        return f"{self.where}{field}: {found}{self.what}"


def problems_of(fault: ValidationError, where: str) -> Iterator[Problem]:
    for error in fault.errors():
        missing = error["type"] == "missing"
        yield Problem(
            where,
            ".".join(map(str, error["loc"])),
            "" if missing else repr(error["input"])[:80],
            "is missing" if missing else error["msg"].removeprefix("Value error, "),
        )
