"""The HTTP API for people: every operation with what it takes and answers, as the OpenAPI document
has it, so that page and document cannot differ."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass

from litestar import Request, get
from litestar.datastructures import State
from litestar.response import Template

from services.gateway.http.errors import ErrorCode, status_of_code
from services.gateway.identity.access import Caller
from services.gateway.pages.http_shapes import (
    Field,
    Kind,
    Schema,
    Shape,
    all_shapes,
    kind_of,
    shape_of,
    shapes_in,
)
from services.gateway.pages.visit import VisitDependency

_CHAPTERS = {
    "boards": "The table: rows, searches, filters, comparisons.",
    "models": "Everything about one model, under all its names.",
    "samples": "What models were asked and what they answered.",
    "submissions": "Have a model evaluated.",
    "requests": "How a submission stands, and what its submitter may do about it.",
    "queue": "What waits, what runs, and who evaluates.",
    "live": "Server-sent events, each as it happens.",
    "moderation": "Decisions, which everybody reads and moderators take; dead letters.",
    "sign-in": "Whom a request proves.",
    "health": "Probes for whoever runs a gateway.",
}
"""In the order of the page; a tag that is new goes to the end."""


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    meaning: str
    parameters: tuple[Field, ...]
    bodies: tuple[Shape, ...]
    """What may be sent; several where `what` tells them apart."""
    answers: tuple[tuple[str, str, Kind], ...]
    """Status, what it means, what comes."""
    call: str
    """For a shell, after the gateway's address has been put in."""


@dataclass(frozen=True)
class Chapter:
    tag: str
    about: str
    operations: tuple[Operation, ...]


@get("/docs/api", include_in_schema=False)
async def show_api(request: Request[Caller, None, State], visit: VisitDependency) -> Template:
    address = str(request.base_url).rstrip("/")
    document = request.app.openapi_schema.to_schema()
    context = {
        "address": address,
        "chapters": _chapters(document, address),
        "shapes": all_shapes(document["components"]["schemas"]),
        "codes": [(code, status_of_code(code)) for code in ErrorCode],
    }
    return visit.page("reference/api", context, board=visit.any_board())


def _chapters(document: Schema, address: str) -> tuple[Chapter, ...]:
    shapes = document["components"]["schemas"]
    by_tag: dict[str, list[Operation]] = {tag: [] for tag in _CHAPTERS}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            told = _operation(method.upper(), path, operation, shapes, address)
            by_tag.setdefault((operation.get("tags") or ["other"])[0], []).append(told)
    return tuple(
        Chapter(tag, _CHAPTERS.get(tag, ""), tuple(operations))
        for tag, operations in by_tag.items()
        if operations
    )


def _operation(
    method: str, path: str, operation: Schema, shapes: Schema, address: str
) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    bodies = tuple(shape_of(key, shapes) for key in shapes_in(body.get("schema", {}), shapes))
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        meaning=inspect.cleandoc(operation.get("description", "")),
        parameters=tuple(_parameters(operation, shapes)),
        bodies=bodies,
        answers=tuple(_answers(operation, shapes)),
        call=_call(method, address + path, operation, bodies),
    )


def _parameters(operation: Schema, shapes: Schema) -> Iterator[Field]:
    for one in operation.get("parameters", ()):
        schema = one.get("schema", {})
        yield Field(
            name=one["name"],
            kind=kind_of(schema, shapes),
            meaning=one.get("description") or schema.get("description", ""),
            is_required=one.get("required", False),
            place=one["in"],
        )


def _answers(operation: Schema, shapes: Schema) -> Iterator[tuple[str, str, Kind]]:
    for status, answer in sorted(operation["responses"].items()):
        content = answer.get("content", {}).get("application/json", {})
        # Every error has one shape, which stands above.
        kind = () if status >= "400" else kind_of(content.get("schema", {}), shapes)
        yield status, answer.get("description", ""), kind


def _call(method: str, address: str, operation: Schema, bodies: tuple[Shape, ...]) -> str:
    """What one would type, with `{…}` where something is to be filled in."""
    is_stream = operation["operationId"].startswith("stream")
    call = f"curl {'-N ' if is_stream else ''}"
    if method != "GET":
        call += f"-X {method} -H 'Authorization: Bearer {{token}}' "
    call += f"'{address}'" if "{" in address else address
    if bodies:
        call += f" \\\n  --json '{json.dumps(_example(bodies[0]))}'"
    return call


def _example(body: Shape) -> dict[str, str]:
    """Of the fields that have to be there."""
    named = {"model": "namespace/name", "new_name": "namespace/name", "reason": "…"}
    return {
        field.name: named.get(field.name) or field.kind[0][0].strip("`")
        for field in sorted(body.fields, key=lambda field: field.name != "what")
        if field.is_required
    }
