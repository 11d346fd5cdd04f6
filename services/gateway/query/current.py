"""Every board's newest snapshot, made when somebody asks."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from services.gateway.query.engine import Ranked
from services.gateway.query.frame import BoardFrame
from services.gateway.query.standing import Weighting
from services.gateway.store import BoardChanges, Version, ViewStore

_PATIENCE_S = 0.1
"""A board that takes longer to bring up to date is answered as it was; only the first is waited
for."""
_REST = 2.0
"""How many times as long as the last update took until the next may begin, so that a large board
which changes all the time leaves the processor to its readers."""


@dataclass
class _Current:
    frame: BoardFrame | None = None
    ranked: Ranked | None = None
    version: Version | None = None
    not_before: float = 0.0
    updating: asyncio.Task[None] | None = None


class CurrentBoards:
    def __init__(self, store: ViewStore) -> None:
        self._store = store
        self._boards: dict[str, _Current] = {}

    async def ranked(self, name: str) -> Ranked:
        """Of a board that the store has."""
        current = self._boards.setdefault(name, _Current())
        wanted = self._store.board_version(name)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S if current.ranked else None):
                while not _is_at(current.version, wanted):
                    if current.updating is None:
                        current.updating = asyncio.create_task(self._update(name, current))
                    await asyncio.shield(current.updating)
        assert current.ranked
        return current.ranked

    async def _update(self, name: str, current: _Current) -> None:
        try:
            if (rest := current.not_before - time.monotonic()) > 0:
                await asyncio.sleep(rest)
            started = time.monotonic()
            # Whatever fails in between, the next update begins anew.
            frame, current.frame = self._reusable(name, current), None
            changes = self._store.take_changes(name, everything=frame is None)
            current.frame, current.ranked = await asyncio.to_thread(_updated, frame, changes)
            current.version = changes.version
            ended = time.monotonic()
            current.not_before = ended + _REST * (ended - started)
        finally:
            current.updating = None

    def _reusable(self, name: str, current: _Current) -> BoardFrame | None:
        if current.version is None or current.version.epoch != self._store.version.epoch:
            return None
        if current.frame is None or current.frame.board != self._store.boards[name]:
            return None
        return current.frame


def _updated(frame: BoardFrame | None, changes: BoardChanges) -> tuple[BoardFrame, Ranked]:
    if frame is None:
        frame = BoardFrame(changes.board, filter(None, changes.entries.values()))
    else:
        frame.apply(changes.entries)
    ranked = Ranked(frame.snapshot(str(changes.version)))
    # Nearly everybody wants them, so nobody has to wait for them.
    ranked.rows(Weighting())
    return frame, ranked


def _is_at(version: Version | None, wanted: Version) -> bool:
    return (
        version is not None
        and version.epoch == wanted.epoch
        and version.sequence >= wanted.sequence
    )
