"""What msgspec finds wrong with a query parameter, in words for whoever wrote it."""

import re
from enum import StrEnum

from litestar.typing import FieldDefinition

_KINDS = {"bool": "`true` or `false`", "int": "a whole number", "float": "a number"}
_BOUNDS = {">=": "of at least", "<=": "of at most"}
_OF_ANOTHER_KIND = re.compile(r"Expected `(bool|int|float)(?: \| null)?`, got `str`")
_BEYOND = re.compile(r"Expected `(int|float)` (>=|<=) (\d+)(?:\.0)?")


def advice_for(message: str, parameter: FieldDefinition | None) -> str | None:
    """What to write instead. None where msgspec's own words say it as well."""
    if found := _OF_ANOTHER_KIND.fullmatch(message):
        return f"Write {_KINDS[found[1]]}."
    if found := _BEYOND.fullmatch(message):
        kind, bound, number = found.groups()
        return f"Write {_KINDS[kind]} {_BOUNDS[bound]} {number}."
    if message.startswith("Invalid enum value") and parameter:
        for kind_of in (parameter, *parameter.inner_types):
            if isinstance(kind_of.annotation, type) and issubclass(kind_of.annotation, StrEnum):
                return f"Choose among: {', '.join(kind_of.annotation)}."
    return None
