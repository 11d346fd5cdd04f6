"""The messages on the bus, for people and for generators."""

import inspect
from dataclasses import dataclass
from functools import cache
from typing import Any

from litestar import get
from litestar.response import Template

from contracts.asyncapi import CLOUD_EVENTS, asyncapi
from contracts.base import Message
from contracts.fields import Field, fields_of
from contracts.registry import EVENT_TYPES, NOT_STORED, VIEW_TYPES
from contracts.topology import STREAMS
from services.gateway.pages.visit import VisitDependency


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
    pattern: str
    """What to subscribe to for all of them."""
    writer: str
    readers: str
    about: str
    fields: tuple[Field, ...]


@get("/docs/events", include_in_schema=False)
async def show_events(visit: VisitDependency) -> Template:
    context = {"chapters": _chapters(), "streams": STREAMS, "headers": CLOUD_EVENTS}
    return visit.page("reference/events", context, board=visit.any_board())


@get("/api/asyncapi.json", include_in_schema=False)
async def get_asyncapi() -> dict[str, Any]:
    return _asyncapi()


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
        pattern=message.subject_filter(),
        writer=message.WRITER,
        readers=message.READERS,
        about=inspect.cleandoc(message.__doc__ or ""),
        fields=tuple(fields_of(message)),
    )
