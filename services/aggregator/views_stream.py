"""The VIEWS stream: what stands in it, and how it is brought to what should."""

import asyncio
from collections.abc import Collection
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError

from contracts.registry import view_class
from contracts.topology import VIEWS
from runtime.bus import WRONG_LAST_SEQUENCE
from runtime.follow import follow
from runtime.topology import ensure_stream
from services.aggregator.views import Views, digest_of

log = structlog.get_logger(__name__)

POSITION = "podium-events-sequence"
"""Header of each view: the newest event in EVENTS that its writer knew."""
DIGEST = "podium-digest"
"""Header of each view: of its body. A restart compares digests, and reads no body."""

_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 15.0
# JetStream with fsync reaches its rate of about 2,500 a second at this many publishes in flight.
_WINDOW = 256
# Of a view whose writer has not said what it wrote. Equal to no digest, so it is written again.
_UNKNOWN = b"unknown"
_SIZE = "Nats-Msg-Size"


@dataclass(frozen=True, slots=True)
class _Standing:
    digest: bytes = b""
    """Of the body. Empty for a view that is gone, just as for one that never was."""
    sequence: int = 0
    fence: int = 0
    """Another writer that knew the events up to here has written it. Until we know as much, what
    we want is older."""


_NOTHING = _Standing()


class ViewsStream:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._js = client.jetstream()
        self._created: datetime | None = None
        self._standing: dict[str, _Standing] = {}

    async def refresh(self) -> None:
        """Create the stream when it is missing, and read it when it is another than before or has
        lost messages."""
        try:
            info = await self._js.stream_info(VIEWS.name)
        except NotFoundError:
            self._created = None
        else:
            if info.created == self._created and info.state.messages >= len(self._standing):
                return
        await ensure_stream(self._js, VIEWS)
        await self._read()

    async def bring_to(self, wanted: Views, position: int, awaited: Collection[str] = ()) -> int:
        """Publish what differs from what stands, and give the number of such views. `position` is
        the newest event behind `wanted`; what is `awaited` by subject may stand until it is wanted.
        Raises an ExceptionGroup of what could not be published; the rest has been."""
        gone = [
            subject
            for subject in self._standing
            # A newer version may keep kinds of views that this one has never heard of.
            if subject not in wanted and subject not in awaited and view_class(subject)
        ]
        differing = [
            subject
            for subject in (*wanted, *gone)
            if self._is_due(subject, wanted.digests.get(subject, b""), position)
        ]
        faults: list[Exception] = []
        for start in range(0, len(differing), _WINDOW):
            # Bodies are made as they are needed: all of them would not fit into memory.
            window = [
                (subject, wanted.get(subject, b""))
                for subject in differing[start : start + _WINDOW]
            ]
            outcomes = await asyncio.gather(
                *(self._publish(subject, body, position) for subject, body in window),
                return_exceptions=True,
            )
            faults += [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if faults:
            raise ExceptionGroup(f"{len(faults)} views were not published", faults)
        return len(differing)

    def _stands(self, subject: str) -> _Standing:
        return self._standing.get(subject, _NOTHING)

    def _is_due(self, subject: str, digest: bytes, position: int) -> bool:
        standing = self._stands(subject)
        return standing.digest != digest and standing.fence <= position

    async def _read(self) -> None:
        standing: dict[str, _Standing] = {}
        async with aclosing(follow(self._client, VIEWS.name, headers_only=True)) as batches:
            while True:
                # `follow` waits for a stream that is gone, and nobody but us would create it.
                async with asyncio.timeout(_READ_TIMEOUT_S):
                    batch = await anext(batches)
                for message in batch.messages:
                    sequence = message.metadata.sequence.stream
                    standing[message.subject] = _Standing(_digest(message.headers), sequence)
                if batch.caught_up:
                    break
        self._standing, self._created = standing, batch.stream_created
        log.info("views were read", views=len(standing))

    async def _publish(self, subject: str, body: bytes, position: int) -> None:
        digest = digest_of(body)
        while self._is_due(subject, digest, position):
            expected = self._stands(subject).sequence
            try:
                ack = await self._js.publish(
                    subject,
                    body,
                    stream=VIEWS.name,
                    timeout=_TIMEOUT_S,
                    headers={
                        Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(expected),
                        POSITION: str(position),
                        DIGEST: digest.hex(),
                    },
                )
            except APIError as refusal:
                if refusal.err_code != WRONG_LAST_SEQUENCE:
                    raise
                self._standing[subject] = await self._last(subject)
            else:
                self._standing[subject] = _Standing(digest, ack.seq)

    async def _last(self, subject: str) -> _Standing:
        try:
            message = await self._js.get_last_msg(VIEWS.name, subject)
        except NotFoundError:
            return _Standing()
        position = (message.headers or {}).get(POSITION, "0")
        return _Standing(digest_of(message.data or b""), message.seq or 0, fence=int(position))


def _digest(headers: dict[str, str] | None) -> bytes:
    """Of a body that was left out."""
    headers = headers or {}
    if headers.get(_SIZE) == "0":
        return b""
    try:
        return bytes.fromhex(headers.get(DIGEST, "")) or _UNKNOWN
    except ValueError:
        return _UNKNOWN
