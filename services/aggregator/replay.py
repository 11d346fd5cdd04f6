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
from services.aggregator.shards import Folded, processes, shards

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Replayed:
    folded: Folded
    read: Place


async def replay(client: Client, boards: Mapping[str, Board], shortest: int) -> Replayed | None:
    """What stood in EVENTS when it began. None when that is fewer messages than `shortest`, or
    cannot be told."""
    try:
        info = await client.jetstream().stream_info(EVENTS.name)
    except (NatsError, TimeoutError) as outage:
        log.warning("EVENTS does not answer", error=str(outage) or type(outage).__name__)
        return None
    if info.state.messages < shortest:
        return None
    count = processes()
    log.info("EVENTS is long; several processes fold it", messages=info.state.messages, by=count)
    read = Place(info.created)
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
            if batch.caught_up or read.sequence >= info.state.last_seq:
                break
        return Replayed(await workers.finish(), read)
