"""Snapshots in the object store. Each is a whole; which of them are kept is nobody's promise."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ObjectInfo, ObjectMeta, ObjectMetaOptions
from nats.js.errors import NotFoundError
from nats.js.object_store import ObjectStore

from contracts.board import Board
from contracts.topology import EVENTS, SNAPSHOTS_BUCKET
from runtime.follow import Place
from services.aggregator.snapshots import (
    Origin,
    State,
    boards_version,
    code_version,
    fingerprint,
    from_bytes,
    to_bytes,
)

log = structlog.get_logger(__name__)

# One may be read while the next is written.
_KEPT = 2
# nats-py waits for ever for chunks that somebody has purged.
_TIMEOUT_S = 60
# The server's default limit of a message is 1 MiB.
_CHUNK = 512 * 1024


@dataclass(frozen=True)
class Snapshot:
    origin: Origin
    state: State


class SnapshotStore:
    def __init__(self, js: JetStreamContext, boards: Mapping[str, Board]) -> None:
        self._js = js
        self._boards = boards_version(boards)

    async def newest(self) -> Snapshot | None:
        """The newest that fits EVENTS, the boards and this version. None, and the reasons in the
        log, when there is no such one or it cannot be had."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                store = await self._js.object_store(SNAPSHOTS_BUCKET)
                for info in await _listed(store):
                    try:
                        return await self._fitting(store, info)
                    except (_Unfit, NatsError, ValueError, KeyError, TypeError) as fault:
                        why = str(fault) or type(fault).__name__
                        log.info("a snapshot is of no use", snapshot=info.name, why=why)
        except (NatsError, TimeoutError) as outage:
            log.warning("no snapshot can be had", error=str(outage) or type(outage).__name__)
        return None

    async def origin(self, read: Place, unreadable: int) -> Origin:
        """Of a fold that has read EVENTS up to there."""
        return Origin(
            code_version(),
            self._boards,
            read.created.isoformat() if read.created else "",
            read.sequence,
            await self._fingerprint(read.sequence),
            unreadable,
        )

    async def put(self, origin: Origin, state: State) -> None:
        """Raises NatsError or TimeoutError; what was there is then still there."""
        data = await asyncio.to_thread(to_bytes, state)
        async with asyncio.timeout(_TIMEOUT_S):
            store = await self._js.object_store(SNAPSHOTS_BUCKET)
            # Two aggregators may write at once: no name is used twice.
            name = f"aggregator-{origin.sequence}-{token_hex(4)}"
            meta = ObjectMeta(
                description=origin.as_text(), options=ObjectMetaOptions(max_chunk_size=_CHUNK)
            )
            await store.put(name, data, meta)
            for old in (await _listed(store))[_KEPT:]:
                if old.name:
                    await store.delete(old.name)
        log.info("a snapshot was kept", snapshot=name, megabytes=round(len(data) / 1e6, 1))

    async def _fitting(self, store: ObjectStore, info: ObjectInfo) -> Snapshot:
        origin = Origin.from_text(info.description or "")
        events = await self._js.stream_info(EVENTS.name)
        if events.created and (why := origin.misfit(code_version(), self._boards, events.created)):
            raise _Unfit(why)
        if await self._fingerprint(origin.sequence) != origin.fingerprint:
            raise _Unfit("EVENTS has another message at its place")
        file = io.BytesIO()
        await store.get(info.name or "", writeinto=file)
        return Snapshot(origin, await asyncio.to_thread(from_bytes, file.getvalue()))

    async def _fingerprint(self, sequence: int) -> str:
        message = await self._js.get_msg(EVENTS.name, sequence)
        return fingerprint(message.subject or "", message.headers, message.data or b"")


class _Unfit(Exception):
    """The message says why."""


async def _listed(store: ObjectStore) -> list[ObjectInfo]:
    """The one that knows most first."""
    try:
        infos = await store.list(ignore_deletes=True)
    except NotFoundError:
        return []
    return sorted(infos, key=_sequence, reverse=True)


def _sequence(info: ObjectInfo) -> int:
    try:
        return Origin.from_text(info.description or "").sequence
    except (ValueError, TypeError):
        return 0
