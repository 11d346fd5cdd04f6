"""Keeps VIEWS equal to what follows from EVENTS."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from contracts.base import Event
from contracts.board import Board
from contracts.topology import EVENTS
from runtime.bus import UnreadableMessageError, bury, publish_event, read_event
from runtime.follow import follow
from runtime.service import Readiness, cancel_until_done
from services.aggregator.facts import Fact
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.repairs import READER, repair
from services.aggregator.sweep import Patience, Sweep
from services.aggregator.views_stream import ViewsStream

log = structlog.get_logger(__name__)

EVENTS_READ = "events read"
VIEWS_CURRENT = "views current"

# How soon a deleted VIEWS is noticed, and a failed publish repeated, when nothing happens.
_CHECK_S = 1.0
_RENDERS_AT_ONCE = 100


class Aggregator:
    def __init__(
        self,
        client: Client,
        boards: Mapping[str, Board],
        readiness: Readiness,
        patience: Patience,
    ) -> None:
        self._client = client
        self._patience = patience
        self._boards = boards
        self._readiness = readiness
        self._leaderboard = Leaderboard(boards)
        self._events_created: datetime | None = None
        self._caught_up = asyncio.Event()
        self._news = asyncio.Event()
        self._unburied: asyncio.Queue[tuple[Msg, str]] = asyncio.Queue()
        self.unreadable = 0
        """Messages in EVENTS that were skipped."""

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set. A fault that is no outage ends it too, and raises."""
        work = [
            asyncio.create_task(self._fold_events()),
            asyncio.create_task(self._keep_views_current()),
            asyncio.create_task(repair(self._client)),
            asyncio.create_task(self._bury_unreadable()),
            asyncio.create_task(self._sweep()),
        ]
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((*work, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_until_done([*work, stopped])
        for task in work:
            if not task.cancelled():
                task.result()

    async def _fold_events(self) -> None:
        async for batch in follow(self._client, EVENTS.name):
            if batch.stream_created != self._events_created:
                # Another stream is another truth: nothing of the old one may show.
                self._events_created = batch.stream_created
                self._leaderboard = Leaderboard(self._boards)
                self._caught_up.clear()
            for message in batch.messages:
                self._take(message)
            if batch.caught_up:
                self._caught_up.set()
                self._readiness.done(EVENTS_READ)
            self._news.set()

    def _take(self, message: Msg) -> None:
        try:
            fact = _fact(message)
        except UnreadableMessageError as fault:
            self.unreadable += 1
            self._unburied.put_nowait((message, str(fault)))
            log.warning(
                "an unreadable event was skipped",
                sequence=message.metadata.sequence.stream,
                skipped_so_far=self.unreadable,
                error=str(fault),
            )
        else:
            self._leaderboard.take(fact)

    async def _bury_unreadable(self) -> None:
        """EVENTS keeps it for a version that can read it; DEAD_LETTERS shows it to moderators, once
        however often it is read."""
        while True:
            message, reason = await self._unburied.get()
            created = self._events_created.timestamp() if self._events_created else 0
            key = f"{created:.0f}-{message.metadata.sequence.stream}"
            await bury(self._client.jetstream(), READER, message, reason, key=key)

    async def _sweep(self) -> None:
        # What half the events leave open may have ended in the other half.
        await self._caught_up.wait()
        js = self._client.jetstream()
        await Sweep(js, self._patience, lambda: self._leaderboard.submissions).run()

    async def _keep_views_current(self) -> None:
        views = ViewsStream(self._client)
        while True:
            # Views of half the events would take back what stands.
            await self._caught_up.wait()
            self._news.clear()
            await self._bring_up_to_date(views)
            await self._promote()
            with suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_S):
                    await self._news.wait()

    async def _bring_up_to_date(self, views: ViewsStream) -> None:
        leaderboard = self._leaderboard
        # Events that come in meanwhile may be in the views, but don't have to be.
        position = leaderboard.position
        for rendered, _ in enumerate(leaderboard.render(), start=1):
            if rendered % _RENDERS_AT_ONCE == 0:
                await asyncio.sleep(0)
        try:
            await views.refresh()
            published = await views.bring_to(leaderboard.views, position)
        except* (NatsError, TimeoutError) as outage:
            causes = {str(fault) or type(fault).__name__ for fault in outage.exceptions}
            log.warning("views are not current; trying again", error="; ".join(sorted(causes)))
        else:
            if published:
                log.info("views were published", views=published, position=position)
            self._readiness.done(VIEWS_CURRENT)

    async def _promote(self) -> None:
        # What was published stands here until its event has come back; the stream drops repeats.
        for promoted in list(self._leaderboard.promotions.values()):
            try:
                await publish_event(self._client.jetstream(), promoted.job, promoted.envelope)
            except (NatsError, TimeoutError) as outage:
                log.warning("a job was not promoted; trying again", error=str(outage))
            else:
                log.info("a job moves to the high lane", sid=promoted.job.sid)


def _fact(message: Msg) -> Fact[Event]:
    recorded = read_event(message)
    envelope = recorded.envelope
    return Fact(recorded.event, envelope.id, envelope.time, recorded.sequence)
