"""Every board's newest snapshot, made when somebody asks."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from services.gateway.query.engine import Ranked
from services.gateway.query.frame import BoardFrame
from services.gateway.query.standing import Weighting
from services.gateway.state.store import BoardChanges, Version, ViewStore

log = structlog.get_logger(__name__)

_LARGE_ROWS = 50_000
"""With more, bringing a board up to date takes so long that it is answered as it was meanwhile."""
_REST = 2.0
"""How many times as long as its last update took a large board rests until the next, so that one
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
        store.before_ready.append(self._prepare)

    async def _prepare(self) -> None:
        """So that nobody waits for a large board after a start."""
        for name in sorted(self._store.boards):
            try:
                await self.ranked(name)
            except Exception as fault:
                # The others can be read nevertheless.
                log.exception("a board cannot be shown", board=name, error=str(fault))

    async def ranked(self, name: str) -> Ranked:
        """Of a board that the store has, with all changes so far; a large one may lag a moment."""
        current = self._boards.setdefault(name, _Current())
        wanted = self._store.board_version(name)
        while not _is_at(current.version, wanted):
            if current.updating is None:
                current.updating = asyncio.create_task(self._update(name, current))
            if current.ranked and _is_large(current.ranked):
                return current.ranked
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
            frame, ranked = await asyncio.to_thread(_updated, frame, changes)
            current.frame, current.ranked, current.version = frame, ranked, changes.version
            if _is_large(ranked):
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
        frame = BoardFrame(changes.board, (row for _, row in changes.rows if row))
    else:
        frame.apply(dict(changes.rows))
    ranked = Ranked(frame.snapshot(str(changes.version)))
    # Nearly everybody wants them, so nobody has to wait for them.
    ranked.rows(Weighting())
    return frame, ranked


def _is_large(ranked: Ranked) -> bool:
    return ranked.snapshot.rows.height > _LARGE_ROWS


def _is_at(version: Version | None, wanted: Version) -> bool:
    return (
        version is not None
        and version.epoch == wanted.epoch
        and version.sequence >= wanted.sequence
    )
