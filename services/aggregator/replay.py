"""A long EVENTS, folded from its first message by several processes."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from contracts.board import Board
from contracts.topology import EVENTS
from runtime.follow import Place, follow
from services.aggregator.shards import Folded, ShareLostError, processes, shards

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Replayed:
    folded: Folded
    read: Place


async def replay(client: Client, boards: Mapping[str, Board], shortest: int) -> Replayed | None:
    """What stood in EVENTS when it began. None when that is fewer messages than `shortest`, or
    cannot be told, or when one of the processes was lost: together they need the most memory."""
    try:
        info = await client.jetstream().stream_info(EVENTS.name)
    except (NatsError, TimeoutError) as outage:
        log.warning("EVENTS does not answer", error=str(outage) or type(outage).__name__)
        return None
    if info.state.messages < shortest:
        return None
    count = processes()
    log.info("EVENTS is long; several processes fold it", messages=info.state.messages, by=count)
    try:
        return await _replayed(client, boards, count, Place(info.created), info.state.last_seq)
    except ShareLostError as fault:
        log.warning("one process folds EVENTS alone", why=str(fault))
        return None


async def _replayed(
    client: Client, boards: Mapping[str, Board], count: int, read: Place, last: int
) -> Replayed | None:
    """Up to the place `last`. None when the stream is another than that of `read` by now."""
    async with (
        shards(boards, count) as workers,
        aclosing(follow(client, EVENTS.name)) as batches,
    ):
        async for batch in batches:
            if batch.stream_created != read.created:
                return None
            await workers.take(batch.messages)
            if batch.messages:
                read.sequence = batch.messages[-1].metadata.sequence.stream
            if batch.caught_up or read.sequence >= last:
                break
        return Replayed(await workers.finish(), read)
