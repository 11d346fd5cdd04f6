"""The fields of a message as a reference lists them, those of the objects inside it as well."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.base import Message


@dataclass(frozen=True)
class Field:
    path: str
    """`model.repo_id`; `tasks[].task` in a list, `scores{}.raw` in a map."""
    kind: str
    """In words; values of an enumeration stand between backticks."""
    meaning: str


def fields_of(message: type[Message]) -> Iterator[Field]:
    schema = message.model_json_schema()
    yield from _fields(schema, schema.get("$defs", {}), "")


def _fields(schema: dict[str, Any], defs: dict[str, Any], prefix: str) -> Iterator[Field]:
    for name, field in schema["properties"].items():
        meaning = " ".join(field.get("description", "").split())
        yield Field(f"{prefix}{name}", _kind(field, defs), meaning)
        nested, suffix = _nested(field, defs)
        if nested:
            yield from _fields(nested, defs, f"{prefix}{name}{suffix}.")


def _nested(field: dict[str, Any], defs: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The object schema inside a field, and how its path is written after the field's name."""
    if "items" in field:
        nested, _ = _nested(field["items"], defs)
        return nested, "[]"
    if isinstance(field.get("additionalProperties"), dict):
        nested, _ = _nested(field["additionalProperties"], defs)
        return nested, "{}"
    for candidate in (field, *field.get("anyOf", ())):
        target = defs.get(candidate.get("$ref", "").rpartition("/")[2], {})
        if "properties" in target:
            return target, ""
    return None, ""


def _kind(field: dict[str, Any], defs: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_kind(option, defs) for option in field["anyOf"])
    if "$ref" in field:
        target = defs[field["$ref"].rpartition("/")[2]]
        if "enum" in target:
            return ", ".join(f"`{value}`" for value in target["enum"])
        return "object"
    if "items" in field:
        return f"list of {_kind(field['items'], defs)}"
    if isinstance(field.get("additionalProperties"), dict):
        return f"map to {_kind(field['additionalProperties'], defs)}"
    if field.get("format") in ("date-time", "uuid"):
        return str(field["format"])
    return str(field["type"])
