"""What stands in DEAD_LETTERS, read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.topology import DEAD_LETTERS

REASON = "podium-reason"
READER = "podium-consumer"
SUBJECT = "podium-subject"
BYTES = "podium-bytes"

_ADVISORY = "$JS.EVENT.ADVISORY."
_SPENT = "MAX_DELIVERIES"


@dataclass(frozen=True)
class Buried:
    """A message that a service set aside. Headers and body are its own."""

    reason: str
    reader: str
    subject: str
    """Where it stood."""
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Advisory:
    """The server's note on a message that it delivers no more. The message is not in it."""

    id: str
    is_spent: bool
    """Its deliveries are; else somebody has terminated it, and has said why in a letter."""
    stream: str
    sequence: int
    """Where the message stands, or stood."""
    consumer: str
    deliveries: int

    @property
    def reason(self) -> str:
        if self.is_spent:
            return f"Delivered {self.deliveries} times; no delivery came to an end."
        return f"Set aside at delivery {self.deliveries}; a letter before this one says why."


def read_dead_letter(
    subject: str, headers: Mapping[str, str] | None, body: bytes
) -> Buried | Advisory:
    """Raises ValueError for what is neither."""
    if subject.startswith(_ADVISORY):
        return _advisory(subject, body)
    own = headers or {}
    if REASON not in own or READER not in own:
        raise ValueError(f"{subject} in {DEAD_LETTERS.name} does not say who buried it, or why")
    return Buried(own[REASON], own[READER], own.get(SUBJECT, ""), own, body)


def _advisory(subject: str, body: bytes) -> Advisory:
    try:
        said: dict[str, Any] = json.loads(body)
        return Advisory(
            id=str(said["id"]),
            is_spent=f".{_SPENT}." in subject,
            stream=str(said["stream"]),
            sequence=int(said["stream_seq"]),
            consumer=str(said["consumer"]),
            deliveries=int(said.get("deliveries", 0)),
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise ValueError(f"{subject} is no advisory of nats-server: {fault!r}") from fault
