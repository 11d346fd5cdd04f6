"""Imported things as events: only what is new or different goes into the stream."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.imports import RequestImported, ResultsImported, RowImported
from contracts.submission import SubmissionReceived
from contracts.topology import EVENTS
from runtime.bus import (
    AlreadyPublishedError,
    UnreadableMessageError,
    publish_event,
    read_event,
)
from runtime.last_messages import last_messages

ImportedEvent = RowImported | ResultsImported | RequestImported

_SOURCE = "podium import"
# JetStream with fsync reaches its rate of about 2,500 a second at this many publishes in flight.
_IN_FLIGHT = 256
_FIRST = UUID("6f1d1f0e-1f9e-5e0b-9f0c-2b7c1a0c8a55")
"""Stands for the predecessor of what has none."""


@dataclass(frozen=True)
class Outcome:
    """How many events there were of each kind."""

    new: int
    changed: int
    unchanged: int


async def publish_changes(
    js: JetStreamContext,
    events: Sequence[ImportedEvent],
    progress: Callable[[int, int], object],
) -> Outcome:
    """Returns when all of them are on disk; `progress` is told how many are, of how many. An
    event's id follows from its content and from the event that it replaces: whoever imports the
    same at the same time publishes the same event."""
    standing: dict[str, Msg] = {}
    for subjects in {type(event).subject_filter(board=event.board) for event in events}:
        standing |= await last_messages(js, EVENTS.name, subjects)
    changes = []
    replaced = 0
    for event in events:
        before = standing.get(event.subject())
        if before is None or not _says_the_same(before, event):
            changes.append((event, _envelope(event, before)))
            replaced += before is not None
    for start in range(0, len(changes), _IN_FLIGHT):
        window = changes[start : start + _IN_FLIGHT]
        await asyncio.gather(*(publish_event(js, event, envelope) for event, envelope in window))
        progress(start + len(window), len(changes))
    return Outcome(len(changes) - replaced, replaced, len(events) - len(changes))


async def submit(js: JetStreamContext, submissions: Iterable[SubmissionReceived]) -> int:
    """How many of them were not submitted before."""
    submitted = 0
    for submission in submissions:
        try:
            await publish_event(js, submission, Envelope.of(submission, _SOURCE), only_once=True)
        except AlreadyPublishedError:
            continue
        submitted += 1
    return submitted


def _says_the_same(message: Msg, event: ImportedEvent) -> bool:
    """Wherever it was found."""
    try:
        before: Any = read_event(message).event
    except UnreadableMessageError:
        return False
    return bool(before == event.model_copy(update={"source": before.source}))


def _envelope(event: Event, before: Msg | None) -> Envelope:
    predecessor = UUID((before.headers or {})["ce-id"]) if before else _FIRST
    body = event.model_dump_json()
    return replace(Envelope.of(event, _SOURCE), id=uuid5(predecessor, f"{event.subject()} {body}"))
