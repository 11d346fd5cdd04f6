"""Tells gateways how a board was."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from contracts.past import ROWS_HEADER, PastBoard, PastBoardAsked
from contracts.views import Entry
from services.aggregator.past import Past

log = structlog.get_logger(__name__)

_QUEUE = "aggregator"
"""Of all aggregators that listen, one gets the question."""
_PART_BYTES = 1_000_000
"""Before compression, which makes it a tenth: far below what a message may have."""
_LOOKED_AT_ONCE = 10
_LEFT_OUT = {"scores": {"__all__": {"subtasks", "versions", "provenance", "details"}}}


async def answer_about_the_past(
    client: Client, past: Callable[[str, datetime], Past | None]
) -> None:
    """Until it is cancelled. One after the other: what happens now goes first."""
    subscription = await client.subscribe(PastBoardAsked.subject_filter(), queue=_QUEUE)
    async for message in subscription.messages:
        try:
            asked = PastBoardAsked.model_validate_json(message.data)
        except ValidationError as fault:
            log.warning("a question cannot be read", error=str(fault))
            continue
        try:
            await _answer(client, message, past(asked.board, asked.as_of))
        except NatsError as outage:
            log.warning("a question about the past was not answered", error=str(outage))


async def _answer(client: Client, message: Msg, past: Past | None) -> None:
    board = past.board if past else None
    await message.respond(PastBoard(board=board).model_dump_json().encode())
    rows, size, lines = 0, 0, list[str]()
    for looked_at, entry in enumerate(past.entries if past else ()):
        if looked_at % _LOOKED_AT_ONCE == 0:
            await asyncio.sleep(0)
        if entry is None:
            continue
        lines.append(_line(entry))
        rows, size = rows + 1, size + len(lines[-1])
        if size >= _PART_BYTES:
            await message.respond(_part(lines))
            size, lines = 0, []
    if lines:
        await message.respond(_part(lines))
    await client.publish(message.reply, b"", headers={ROWS_HEADER: str(rows)})


def _line(entry: Entry) -> str:
    return entry.model_dump_json(exclude=_LEFT_OUT)


def _part(lines: list[str]) -> bytes:
    return zlib.compress("\n".join(lines).encode(), 1)
