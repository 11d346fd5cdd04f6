"""Jobs from the work queue: taken one at a time, kept while they run, settled when they end."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import FlushTimeoutError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.envelope import Envelope
from contracts.models import Lane, Tier
from contracts.submission import SubmissionAccepted
from contracts.topology import EVALUATORS, EVENTS, Consumer
from runtime.bus import (
    UnreadableMessageError,
    bury,
    in_words,
    read_event,
    through_outages,
)
from services.evaluator.gate import Gate
from services.evaluator.interrupts import any_of, meanwhile

log = structlog.get_logger(__name__)

_ROUND_S = 1.0
"""An idle evaluator asks each of its queues once in this time, so no job waits longer for it."""


@dataclass(frozen=True)
class Job:
    """One delivery of a job."""

    accepted: SubmissionAccepted
    envelope: Envelope
    attempt: int
    """How often it has been delivered; 1 at first."""
    is_last_attempt: bool
    accepted_sequence: int
    """Place of the accepted event in EVENTS."""
    ack_wait_s: float
    message: Msg

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Tell the server while this lasts that the job is being worked on."""
        async with meanwhile(self._beat()):
            yield

    async def _beat(self) -> None:
        while True:
            try:
                await self.message.in_progress()
            except NatsError as fault:
                log.warning("heartbeat was not sent", error=str(fault))
            await asyncio.sleep(self.ack_wait_s / 3)

    async def done(self) -> None:
        """Take it off the queue. If the answer is lost it is delivered again, and found done."""
        await through_outages(lambda: self.message.ack_sync(timeout=5))

    async def give_back(self, delay_s: float) -> None:
        """Have it delivered again, to whoever asks after `delay_s` seconds."""
        await self.message.nak(delay_s)


class JobQueues:
    """The queues of the tiers that a gate lets through. Every high lane comes before any normal
    one; tiers take turns."""

    def __init__(self, client: Client, gate: Gate) -> None:
        self._client = client
        self._js = client.jetstream()
        self._gate = gate
        self._tiers = deque(gate.tiers)

    async def next_job(self, stop: asyncio.Event) -> Job | None:
        """Wait for a job, through outages of the server and behind a gate that is shut; None once
        `stop` is set."""
        self._tiers.rotate(-1)
        # What is asked for counts as on its way until the subscriptions are closed: without another
        # wait, the caller can be at work before anybody hears that the tier is on hold.
        with ExitStack() as on_its_way:
            async with self._opened() as queues:
                while not stop.is_set():
                    for queue in queues:
                        if not self._gate.is_open(queue.tier):
                            continue
                        on_its_way.enter_context(self._gate.asking(queue.tier))
                        message = await self._pull(queue, _ROUND_S / len(queues))
                        if message and (job := await self._read(queue.consumer, message)):
                            return job
                        on_its_way.close()
                        await self._until_connected(stop)
                    await any_of(stop.wait(), self._gate.until_open())
        return None

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[list["_Queue"]]:
        queues = []
        for lane in (Lane.HIGH, Lane.NORMAL):
            for tier in self._tiers:
                consumer = EVALUATORS[tier, lane]
                subscription = await self._js.pull_subscribe_bind(
                    consumer.name, consumer.stream.name
                )
                queues.append(_Queue(tier, consumer, subscription))
        try:
            yield queues
        finally:
            for queue in queues:
                await queue.subscription.unsubscribe()

    async def _pull(self, queue: "_Queue", patience_s: float) -> Msg | None:
        try:
            messages = await queue.subscription.fetch(1, timeout=patience_s)
        except NatsTimeoutError:
            return None
        except NatsError as fault:
            log.warning("no jobs from a queue", consumer=queue.consumer.name, error=str(fault))
            await asyncio.sleep(_ROUND_S)
            return None
        return messages[0]

    async def _until_connected(self, stop: asyncio.Event) -> None:
        """Requests that pile up during an outage would each be given a job when it ends, of which
        only one is worked on. After a flush the server has seen every request there is."""
        while not stop.is_set():
            if self._client.is_connected:
                with suppress(FlushTimeoutError):
                    await self._client.flush(timeout=2)
                    return
            await asyncio.sleep(_ROUND_S)

    async def _read(self, consumer: Consumer, message: Msg) -> Job | None:
        try:
            recorded = read_event(message)
            if not isinstance(recorded.event, SubmissionAccepted):
                raise UnreadableMessageError(f"{message.subject}: {recorded.envelope.type}")
            sequence = _accepted_sequence(message)
        except UnreadableMessageError as fault:
            log.error("a job cannot be read", error=str(fault))
            await bury(self._js, consumer.name, message, in_words(fault))
            await message.term()
            return None
        # The server's own settings count: they may differ from the contract's defaults.
        try:
            info = await through_outages(
                lambda: self._js.consumer_info(consumer.stream.name, consumer.name)
            )
        except NotFoundError:
            log.warning("a consumer was deleted with its job", consumer=consumer.name)
            return None
        most = info.config.max_deliver or -1
        return Job(
            accepted=recorded.event,
            envelope=recorded.envelope,
            attempt=recorded.delivered,
            is_last_attempt=0 < most <= recorded.delivered,
            accepted_sequence=sequence,
            ack_wait_s=info.config.ack_wait or consumer.ack_wait_s,
            message=message,
        )


@dataclass(frozen=True)
class _Queue:
    tier: Tier
    consumer: Consumer
    subscription: JetStreamContext.PullSubscription


def _accepted_sequence(message: Msg) -> int:
    """Where the server copied it from. The header reads `EVENTS 7 <filter> <transform> …`."""
    source = (message.headers or {}).get("Nats-Stream-Source", "").split()
    if len(source) < 2 or not source[1].isdecimal():
        raise UnreadableMessageError(f"{message.subject}: was not copied from {EVENTS.name}")
    return int(source[1])
