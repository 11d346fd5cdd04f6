"""Boards as they were. Only aggregators keep everything that happened, so one of them is asked."""

import asyncio
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from contracts.board import Board
from contracts.past import ROWS_HEADER, PastBoard, PastBoardAsked
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.engine import Ranked
from services.gateway.query.frame import BoardFrame
from services.gateway.query.rows import EntryRow, read_row
from services.gateway.query.standing import Weighting
from services.gateway.state.store import ViewStore

log = structlog.get_logger(__name__)

_MOST_KEPT = 4
_FRESH_S = 60.0
"""What had happened by then hardly ever changes afterwards: an import may add to it, or a row of
which nobody had heard. So long it may be behind."""
_PENDING_BYTES = 512 * 2**20
"""Of an answer that comes faster than it is read; usually a client drops what is beyond 128 MiB."""
_NO_RESPONDERS = "503"


@dataclass
class _Kept:
    ranked: asyncio.Task[Ranked]
    version: str
    """Of the board when it was asked for."""
    since: float


class PastBoards:
    """For one event loop."""

    def __init__(self, client: Client, store: ViewStore, timeout_s: float = 30) -> None:
        """`timeout_s` is the longest time between two parts of an answer."""
        self._client = client
        self._store = store
        self._timeout_s = timeout_s
        self._kept: OrderedDict[tuple[str, datetime], _Kept] = OrderedDict()
        # An aggregator answers one question after the other, and has other things to do.
        self._one_at_a_time = asyncio.Lock()

    async def ranked(self, board: str, at: datetime) -> Ranked:
        """Asked for once, however many want it. Raises Refusal when no aggregator answers."""
        key = (board, at)
        version = str(self._store.board_version(board))
        kept = self._kept.get(key)
        if kept is None or not self._holds(kept, version):
            task = asyncio.create_task(self._ask_in_turn(board, at, version))
            kept = self._kept[key] = _Kept(task, version, time.monotonic())
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return await asyncio.shield(kept.ranked)

    def _holds(self, kept: _Kept, version: str) -> bool:
        if not kept.ranked.done():
            return True
        if kept.ranked.cancelled() or kept.ranked.exception():
            return False
        return kept.version == version or time.monotonic() - kept.since < _FRESH_S

    async def _ask_in_turn(self, board: str, at: datetime, version: str) -> Ranked:
        async with self._one_at_a_time:
            return await self._ask(board, at, version)

    async def _ask(self, board: str, at: datetime, version: str) -> Ranked:
        question = PastBoardAsked(board=board, as_of=at)
        inbox = self._client.new_inbox()
        try:
            answer = await self._client.subscribe(inbox, pending_bytes_limit=_PENDING_BYTES)
            try:
                body = question.model_dump_json().encode()
                await self._client.publish(question.subject(), body, reply=inbox)
                definition, rows = await self._read(answer)
            finally:
                await answer.unsubscribe()
        except (NatsError, TimeoutError) as fault:
            log.warning("no aggregator told of the past", error=str(fault) or repr(fault))
            raise _unavailable("The answer of an aggregator did not come whole.") from fault
        return await asyncio.to_thread(_ranked, definition, rows, f"{version} as of {at:%FT%TZ}")

    async def _read(self, answer: Subscription) -> tuple[Board, list[EntryRow]]:
        first = await answer.next_msg(self._timeout_s)
        if (first.headers or {}).get("Status") == _NO_RESPONDERS:
            raise _unavailable("No aggregator is there right now.")
        definition = PastBoard.model_validate_json(first.data).board
        if definition is None:
            raise _unavailable("The aggregator does not know this board.")
        rows: list[EntryRow] = []
        while True:
            message = await answer.next_msg(self._timeout_s)
            if told := (message.headers or {}).get(ROWS_HEADER):
                if int(told) != len(rows):
                    raise TimeoutError(f"{len(rows)} of {told} rows came")
                return definition, rows
            rows += await asyncio.to_thread(_rows, message.data)


def _rows(part: bytes) -> list[EntryRow]:
    return [read_row(line) for line in zlib.decompress(part).split(b"\n")]


def _ranked(board: Board, rows: list[EntryRow], version: str) -> Ranked:
    ranked = Ranked(BoardFrame(board, rows).snapshot(version))
    ranked.rows(Weighting())
    return ranked


def _unavailable(message: str) -> Refusal:
    return Refusal(
        ErrorCode.BUS_UNREACHABLE,
        message,
        "Try again in a moment, or leave `as_of` out for the board as it is now.",
        {"parameter": "as_of"},
    )
