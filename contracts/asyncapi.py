"""The messages on the bus as an AsyncAPI 3.0 document, for generators and viewers."""

import inspect
import re
from typing import Any

from contracts.base import Event, Message
from contracts.registry import EVENT_TYPES, NOT_STORED, VIEW_TYPES

CLOUD_EVENTS = {
    "ce-id": "Id of the event; a repeat has the same.",
    "ce-type": "Kind of the event: its subject without what differs between two of them.",
    "ce-source": "The service that published it.",
    "ce-time": "When it happened, RFC 3339.",
    "traceparent": "W3C trace context.",
}
"""Headers of every event."""


def asyncapi() -> dict[str, Any]:
    messages: list[type[Message]] = [*EVENT_TYPES, *VIEW_TYPES, *NOT_STORED]
    schemas: dict[str, Any] = {}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Podium on NATS",
            "version": "1",
            "description": "What a leaderboard for language models tells on NATS JetStream. A new"
            " optional field may appear in any message: ignore what you don't know.",
        },
        "defaultContentType": "application/json",
        "channels": {one.type_name(): _channel(one) for one in messages},
        "operations": {
            f"send{one.__name__}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{one.type_name()}"},
                "summary": f"Written by {one.WRITER}, read by {one.READERS}.",
            }
            for one in messages
        },
        "components": {
            "messages": {one.__name__: _message(one, schemas) for one in messages},
            "schemas": schemas,
        },
    }


def _channel(message: type[Message]) -> dict[str, Any]:
    parameters = re.findall(r"\{(\w+)\}", message.SUBJECT)
    fields = message.model_fields
    return {
        "address": message.SUBJECT,
        "messages": {message.__name__: {"$ref": f"#/components/messages/{message.__name__}"}},
        "parameters": {
            name: {"description": inspect.cleandoc(fields[name].description or "")}
            for name in parameters
        },
    }


def _message(message: type[Message], schemas: dict[str, Any]) -> dict[str, Any]:
    """Objects that several messages mention go into `schemas`."""
    payload = message.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(payload.pop("$defs", {}))
    described: dict[str, Any] = {
        "name": message.type_name(),
        "title": message.__name__,
        "description": inspect.cleandoc(message.__doc__ or ""),
        "payload": payload,
    }
    if issubclass(message, Event):
        described["headers"] = {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": meaning}
                for name, meaning in CLOUD_EVENTS.items()
            },
        }
    return described
