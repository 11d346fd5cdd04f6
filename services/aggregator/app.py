"""Keeps VIEWS equal to what follows from EVENTS."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from contracts.base import Event
from contracts.board import Board
from contracts.topology import EVENTS
from runtime.bus import UnreadableMessageError, publish_event, read_event
from runtime.follow import Place, follow
from runtime.service import Readiness, cancel_until_done
from services.aggregator.facts import Fact
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.passed_over import PassedOver
from services.aggregator.past_answers import answer_about_the_past
from services.aggregator.repairs import repair
from services.aggregator.replay import replay
from services.aggregator.snapshot_store import SnapshotStore
from services.aggregator.sweep import Patience, Sweep
from services.aggregator.views_stream import ViewsStream

log = structlog.get_logger(__name__)

EVENTS_READ = "events read"
VIEWS_CURRENT = "views current"

# How soon a deleted VIEWS is noticed, and a failed publish repeated, when nothing happens.
_CHECK_S = 1.0
_RENDERS_AT_ONCE = 100
_RESCORED_AT_ONCE = 10
# Fewer events than these are folded as fast as a snapshot is read.
_WORTH_IT = 1000
# Supervisors kill what does not stop within ten seconds or so.
_LAST_SNAPSHOT_S = 5.0


class Aggregator:
    def __init__(
        self,
        client: Client,
        boards: Mapping[str, Board],
        readiness: Readiness,
        patience: Patience,
        snapshot_every: int,
        replay_from: int,
    ) -> None:
        """`snapshot_every` is the number of events after which a snapshot is worth its place;
        `replay_from` that from which several processes are worth starting."""
        self._client = client
        self._patience = patience
        self._boards = boards
        self._readiness = readiness
        self._leaderboard = Leaderboard(boards)
        self._read = Place()
        self._snapshots = SnapshotStore(client.jetstream(), boards)
        self._snapshot_every = snapshot_every
        self._replay_from = replay_from
        self._last_snapshot = 0
        self._are_boards_defined = False
        self._caught_up = asyncio.Event()
        self._news = asyncio.Event()
        self._passed_over = PassedOver(client.jetstream())
        self.unreadable = 0
        """Messages in EVENTS that were skipped."""

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set. A fault that is no outage ends it too, and raises."""
        work = [
            asyncio.create_task(self._fold_events()),
            asyncio.create_task(self._keep_views_current()),
            asyncio.create_task(repair(self._client)),
            asyncio.create_task(self._passed_over.bury()),
            asyncio.create_task(self._sweep()),
            asyncio.create_task(self._keep_snapshots()),
            asyncio.create_task(self._rescore_boards()),
            asyncio.create_task(self._tell_of_the_past()),
        ]
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((*work, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_until_done([*work, stopped])
            if stop.is_set():
                await self._keep_last_snapshot()
        for task in work:
            if not task.cancelled():
                task.result()

    async def _fold_events(self) -> None:
        await self._restore()
        async for batch in follow(self._client, EVENTS.name, since=self._read):
            if batch.stream_created != self._read.created:
                # Another stream is another truth: nothing of the old one may show.
                self._read = Place(batch.stream_created)
                self._leaderboard = Leaderboard(self._boards)
                self._are_boards_defined = False
                self._last_snapshot = 0
                self._caught_up.clear()
            for message in batch.messages:
                self._take(message)
                self._read.sequence = message.metadata.sequence.stream
            if batch.caught_up:
                self._caught_up.set()
                self._readiness.done(EVENTS_READ)
            self._news.set()

    def _take(self, message: Msg) -> None:
        try:
            fact = _fact(message)
        except UnreadableMessageError as fault:
            self._skip(message.metadata.sequence.stream, str(fault))
        else:
            self._leaderboard.take(fact)

    def _skip(self, sequence: int, reason: str) -> None:
        self.unreadable += 1
        self._passed_over.unreadable(sequence, reason)

    async def _sweep(self) -> None:
        # What half the events leave open may have ended in the other half.
        await self._caught_up.wait()
        js = self._client.jetstream()
        await Sweep(
            js,
            self._patience,
            lambda: self._leaderboard.unsettled,
            lambda sid: self._leaderboard.submission(sid),
        ).run()

    async def _restore(self) -> None:
        """Go on from a snapshot, if there is one that fits."""
        if not (snapshot := await self._snapshots.newest()):
            await self._replay()
            return
        origin = snapshot.origin
        try:
            self._leaderboard = Leaderboard(self._boards, snapshot.state)
        except ValueError as fault:
            log.warning("a snapshot is of no use", why=str(fault))
            return
        self._read = Place(datetime.fromisoformat(origin.created), origin.sequence)
        self._last_snapshot, self.unreadable = origin.sequence, origin.unreadable
        log.info("going on from a snapshot", events=origin.sequence)

    async def _replay(self) -> None:
        """Go on from what several processes have made of EVENTS, if it is long."""
        if not (replayed := await replay(self._client, self._boards, self._replay_from)):
            return
        self._leaderboard = Leaderboard(self._boards, replayed.folded.state)
        self._read = replayed.read
        for sequence, reason in replayed.folded.unreadable.items():
            self._skip(sequence, reason)

    async def _keep_snapshots(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_S)
            read = self._read.sequence
            # Each holds everything, so the longer EVENTS is, the more rarely one is written.
            if read - self._last_snapshot >= max(self._snapshot_every, read // 20):
                await self._keep_snapshot()

    async def _keep_last_snapshot(self) -> None:
        if self._caught_up.is_set() and self._read.sequence - self._last_snapshot >= _WORTH_IT:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_SNAPSHOT_S):
                    await self._keep_snapshot()

    async def _keep_snapshot(self) -> None:
        # What is not rendered yet would have to be when the snapshot is read.
        await self._caught_up.wait()
        leaderboard, read, unreadable = self._leaderboard, replace(self._read), self.unreadable
        state = leaderboard.state()
        try:
            origin = await self._snapshots.origin(read, unreadable)
            await self._snapshots.put(origin, state)
        except (NatsError, TimeoutError) as outage:
            log.warning("no snapshot was kept", error=str(outage) or type(outage).__name__)
        self._last_snapshot = read.sequence

    async def _keep_views_current(self) -> None:
        views = ViewsStream(self._client)
        while True:
            # Views of half the events would take back what stands.
            await self._caught_up.wait()
            self._news.clear()
            await self._bring_up_to_date(views)
            await self._promote()
            await self._define_boards()
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
        self._passed_over.unshown(leaderboard.faults)
        try:
            await views.refresh()
            published = await views.bring_to(leaderboard.views, position, leaderboard.awaited)
        except* (NatsError, TimeoutError) as outage:
            causes = {str(fault) or type(fault).__name__ for fault in outage.exceptions}
            log.warning("views are not current; trying again", error="; ".join(sorted(causes)))
        else:
            if published:
                log.info("views were published", views=published, position=position)
            leaderboard.views.let_go()
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

    async def _rescore_boards(self) -> None:
        """Beside the views, which need not wait until all rows were scored twice."""
        while True:
            await self._caught_up.wait()
            looked_at = 0
            for looked_at, _ in enumerate(self._leaderboard.rescore(), start=1):
                if looked_at % _RESCORED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            if looked_at:
                self._news.set()
            await asyncio.sleep(_CHECK_S)

    async def _tell_of_the_past(self) -> None:
        # Half the events would tell of half a board.
        await self._caught_up.wait()
        await answer_about_the_past(self._client, lambda *asked: self._leaderboard.past(*asked))

    async def _define_boards(self) -> None:
        """Once: of two aggregators with different definitions, each would for ever have the last
        word."""
        if self._are_boards_defined:
            return
        for definition in self._leaderboard.new_definitions():
            try:
                await publish_event(self._client.jetstream(), definition.event, definition.envelope)
            except (NatsError, TimeoutError) as outage:
                log.warning("a board was not defined; trying again", error=str(outage))
                return
            log.info("scores follow a new definition", board=definition.event.board)
        self._are_boards_defined = True


def _fact(message: Msg) -> Fact[Event]:
    recorded = read_event(message)
    envelope = recorded.envelope
    return Fact(recorded.event, envelope.id, envelope.time, recorded.sequence, message.data)
