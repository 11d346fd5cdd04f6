"""The objects of an OpenAPI document, as a reference for people lists them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ITEMS = "Items["

Schema = Mapping[str, Any]
Kind = tuple[tuple[str, str], ...]
"""Pieces of text, each with the shape that it leads to or an empty string."""


@dataclass(frozen=True)
class Field:
    name: str
    kind: Kind
    meaning: str
    is_required: bool = False
    place: str = ""
    """Of a parameter: `path`, `query` or `header`."""


@dataclass(frozen=True)
class Shape:
    """An object of the API."""

    id: str
    name: str
    about: str
    fields: tuple[Field, ...]


def all_shapes(schemas: Schema) -> tuple[Shape, ...]:
    """Every object, by its name. Lists and enumerations are told where they are used."""
    objects = (
        shape_of(key, schemas)
        for key, schema in schemas.items()
        if "properties" in schema and not schema["title"].startswith(_ITEMS)
    )
    return tuple(sorted(objects, key=lambda shape: shape.name.lower()))


def shape_of(key: str, schemas: Schema) -> Shape:
    schema = schemas[key]
    required = schema.get("required", ())
    return Shape(
        id=key,
        name=schema["title"],
        about=schema.get("description", ""),
        fields=tuple(
            Field(name, kind_of(field, schemas), field.get("description", ""), name in required)
            for name, field in schema["properties"].items()
        ),
    )


def shapes_in(schema: Schema, schemas: Schema) -> Iterator[str]:
    """Keys of the objects that a schema is or may be."""
    for one in schema.get("oneOf", [schema]):
        key = one.get("$ref", "").rpartition("/")[2]
        if "properties" in schemas.get(key, {}):
            yield key


def kind_of(schema: Schema, schemas: Schema) -> Kind:
    return tuple(_pieces(schema, schemas))


def _pieces(schema: Schema, schemas: Schema) -> Iterator[tuple[str, str]]:
    match schema:
        case {"$ref": address}:
            key = address.rpartition("/")[2]
            target = schemas[key]
            if "enum" in target:
                yield from _pieces(target, schemas)
            elif target["title"].startswith(_ITEMS):
                yield "`items`: ", ""
                yield from _pieces(target["properties"]["items"], schemas)
            else:
                yield target["title"], key
        case {"oneOf": options}:
            for place, option in enumerate(options):
                if place:
                    yield " or ", ""
                yield from _pieces(option, schemas)
        case {"enum": values}:
            yield ", ".join(f"`{value}`" for value in values), ""
        case {"const": value}:
            yield f"`{value}`", ""
        case {"items": item}:
            yield "list of ", ""
            yield from _pieces(item, schemas)
        case {"additionalProperties": dict(value)}:
            yield "map to ", ""
            yield from _pieces(value, schemas)
        case {"format": "date-time"}:
            yield "date-time", ""
        case {"type": name}:
            yield str(name), ""
