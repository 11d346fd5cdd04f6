"""What the fields of the API's objects mean: the strings that stand under them in the code, which
msgspec and Litestar leave out of the OpenAPI document."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from textwrap import dedent
from typing import Any

import msgspec

_OURS = "services.gateway."


def add_meanings(schemas: Mapping[str, dict[str, Any]]) -> None:
    """To the component schemas of an OpenAPI document, and to their fields."""
    structs = list(_all_below(msgspec.Struct))
    for key, schema in schemas.items():
        for struct in structs:
            if _is_schema_of(key, struct):
                _describe(schema, struct)


def _all_below(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for struct in base.__subclasses__():
        if struct.__module__.startswith(_OURS):
            yield struct
        yield from _all_below(struct)


def _is_schema_of(key: str, struct: type[msgspec.Struct]) -> bool:
    """Litestar puts as much of the module before the name as tells two of one name apart."""
    name = f"{struct.__module__}.{struct.__qualname__}".replace(".", "_")
    return key == struct.__name__ or ("_" in key and name.endswith(f"_{key}"))


def _describe(schema: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    if struct.__doc__:
        schema.setdefault("description", inspect.cleandoc(struct.__doc__))
    meanings = _meanings(struct)
    for field in msgspec.structs.fields(struct):
        if field.name in meanings and field.encode_name in schema["properties"]:
            schema["properties"][field.encode_name].setdefault("description", meanings[field.name])


@cache
def _meanings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Of what it inherits as well."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if base.__module__.startswith(_OURS):
            [definition] = ast.parse(dedent(inspect.getsource(base))).body
            assert isinstance(definition, ast.ClassDef)
            found |= _strings_under_fields(definition)
    return found


def _strings_under_fields(definition: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in zip(definition.body, definition.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
