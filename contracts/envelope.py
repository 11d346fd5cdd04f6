"""The CloudEvents 1.0 attributes of an event, as NATS headers (binary content mode)."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Self
from uuid import UUID, uuid4, uuid5

from contracts.base import Event

_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def _new_trace() -> str:
    return f"00-{token_hex(16)}-{token_hex(8)}-01"


@dataclass(frozen=True)
class Envelope:
    """Who says that it happened, and when. `traceparent` is W3C Trace Context."""

    type: str
    source: str
    id: UUID = field(default_factory=uuid4)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    traceparent: str = field(default_factory=_new_trace)

    @classmethod
    def of(cls, event: Event, source: str, cause: "Envelope | None" = None, key: str = "") -> Self:
        """The envelope of a new event. With a cause its id is derived, `uuid5(cause, subject)`: a
        redelivered cause yields the same id again and the stream drops the repeat. `key` tells
        apart effects of one cause on one subject, such as attempts."""
        if cause is None:
            return cls(type=event.type_name(), source=source)
        version, trace, _, flags = cause.traceparent.split("-")
        return cls(
            type=event.type_name(),
            source=source,
            id=uuid5(cause.id, event.subject() + key),
            traceparent=f"{version}-{trace}-{token_hex(8)}-{flags}",
        )

    def headers(self) -> dict[str, str]:
        return {
            "ce-specversion": "1.0",
            "ce-id": str(self.id),
            "ce-type": self.type,
            "ce-source": self.source,
            "ce-time": self.time.isoformat().replace("+00:00", "Z"),
            "content-type": "application/json",
            "traceparent": self.traceparent,
        }

    @classmethod
    def from_headers(cls, headers: dict[str, str]) -> Self:
        """Raises KeyError or ValueError for a message that is no CloudEvent. What cannot be read as
        `traceparent` is as if it were not there: a new trace begins, as W3C asks."""
        time = datetime.fromisoformat(headers["ce-time"])
        if time.tzinfo is None:
            raise ValueError(f"ce-time {headers['ce-time']!r} has no time zone")
        trace = headers.get("traceparent", "")
        return cls(
            type=headers["ce-type"],
            source=headers["ce-source"],
            id=UUID(headers["ce-id"]),
            time=time,
            traceparent=trace if _TRACE.fullmatch(trace) else _new_trace(),
        )
