"""What programs can read and follow, for people: the HTTP API and the messages on the bus."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from litestar import Request, get
from litestar.datastructures import State
from litestar.response import Template

from contracts.asyncapi import asyncapi
from contracts.base import Message
from contracts.fields import Field, fields_of
from contracts.registry import EVENT_TYPES, NOT_STORED, VIEW_TYPES
from contracts.topology import STREAMS
from services.gateway.identity.access import Caller
from services.gateway.pages.visit import VisitDependency


@dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    """`path`, `query` or `header`."""
    meaning: str


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    meaning: str
    parameters: tuple[Parameter, ...]
    answers: Mapping[str, str]
    """Status to what it means."""


@dataclass(frozen=True)
class Chapter:
    """Messages of one kind."""

    id: str
    title: str
    about: str
    messages: tuple["Described", ...]


@dataclass(frozen=True)
class Described:
    name: str
    subject: str
    writer: str
    readers: str
    about: str
    fields: tuple[Field, ...]


@get("/docs/api", include_in_schema=False)
async def show_api(request: Request[Caller, None, State], visit: VisitDependency) -> Template:
    groups: dict[str, list[Operation]] = {}
    for tag, operation in _operations(request.app.openapi_schema.to_schema()):
        groups.setdefault(tag, []).append(operation)
    return visit.page("reference/api", {"groups": groups}, board=visit.any_board())


@get("/docs/events", include_in_schema=False)
async def show_events(visit: VisitDependency) -> Template:
    context = {"chapters": _chapters(), "streams": STREAMS}
    return visit.page("reference/events", context, board=visit.any_board())


@get("/api/asyncapi.json", include_in_schema=False)
async def get_asyncapi() -> dict[str, Any]:
    return _asyncapi()


def _operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Of an OpenAPI document, with the first tag of each."""
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            tags = operation.get("tags") or ["other"]
            yield (
                tags[0],
                Operation(
                    id=operation["operationId"],
                    method=method.upper(),
                    path=path,
                    meaning=inspect.cleandoc(operation.get("description", "")),
                    parameters=tuple(_parameters(operation)),
                    answers={
                        status: answer.get("description", "")
                        for status, answer in operation["responses"].items()
                    },
                ),
            )


def _parameters(operation: Mapping[str, Any]) -> Iterator[Parameter]:
    for one in operation.get("parameters", ()):
        meaning = one.get("description") or one.get("schema", {}).get("description", "")
        yield Parameter(one["name"], one["in"], meaning)


@cache
def _asyncapi() -> dict[str, Any]:
    return asyncapi()


@cache
def _chapters() -> tuple[Chapter, ...]:
    return (
        Chapter(
            "events",
            "Events",
            "What has happened, in the stream EVENTS: kept for ever, in order.",
            tuple(_described(one) for one in EVENT_TYPES),
        ),
        Chapter(
            "views",
            "Views",
            "How things stand, in the stream VIEWS: the last message of each subject.",
            tuple(_described(one) for one in VIEW_TYPES),
        ),
        Chapter(
            "not-stored",
            "Not stored",
            "Sent to whoever listens, and gone.",
            tuple(_described(one) for one in NOT_STORED),
        ),
    )


def _described(message: type[Message]) -> Described:
    return Described(
        name=message.__name__,
        subject=message.SUBJECT,
        writer=message.WRITER,
        readers=message.READERS,
        about=inspect.cleandoc(message.__doc__ or ""),
        fields=tuple(fields_of(message)),
    )
