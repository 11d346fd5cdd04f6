"""What is answered of unfinished tasks, kept in CHECKPOINTS so that any evaluator can go on there.

A checkpoint saves work. It is never worth a job: one that cannot be stored or read is left out."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from contracts.submission import SubmissionAccepted
from contracts.topology import CHECKPOINTS, checkpoint_subject
from runtime.bus import through_outages
from services.evaluator.protocol import Slice

log = structlog.get_logger(__name__)

_MESSAGE_BYTES = 512 * 1024
"""Half of what nats-server takes by default."""


@dataclass(frozen=True)
class Checkpoint:
    finished: Slice
    seconds: float
    """What the task had taken when the slice was finished, in all attempts."""


@dataclass(frozen=True)
class Checkpoints:
    """Those of one run, as one attempt at it sees them."""

    js: JetStreamContext
    accepted: SubmissionAccepted
    attempt: int

    async def load(self, task: str) -> tuple[Checkpoint, ...]:
        """For each plan the slices that reach the farthest without a gap, in order."""
        stored = [checkpoint async for checkpoint in self._stored(task)]
        plans = dict.fromkeys(checkpoint.finished.plan for checkpoint in stored)
        reaching = [
            checkpoint
            for plan in plans
            for checkpoint in _farthest(each for each in stored if each.finished.plan == plan)
        ]
        if stored:
            log.info("going on from checkpoints", task=task, of=len(stored), fit=len(reaching))
        return tuple(reaching)

    async def store(self, checkpoint: Checkpoint) -> None:
        """Waits through outages."""
        finished = checkpoint.finished
        bodies = list(_cut(finished.answers))
        label = _Label(
            attempt=self.attempt,
            plan=finished.plan,
            start=finished.start,
            stop=finished.stop,
            seconds=checkpoint.seconds,
            parts=len(bodies),
        )
        try:
            for number, body in enumerate(bodies, 1):
                await self._publish(finished.task, label.headers(number), body)
        except NatsError as fault:
            log.warning("a checkpoint was not stored", task=finished.task, error=str(fault))

    async def drop(self, task: str = "*") -> None:
        """Forget what is kept of a task, or of the whole run."""
        subject = self._subject(task)
        try:
            await through_outages(lambda: self.js.purge_stream(CHECKPOINTS.name, subject=subject))
        except NatsError as fault:
            log.warning("checkpoints were not dropped", subject=subject, error=str(fault))

    async def _stored(self, task: str) -> AsyncIterator[Checkpoint]:
        """Those of which every part is there, in the order they were stored."""
        bodies: dict[_Label, dict[int, bytes]] = defaultdict(dict)
        async for message in self._messages(task):
            try:
                label, number = _Label.read(message.headers or {})
            except (KeyError, ValueError) as fault:
                log.warning("a checkpoint cannot be read", task=task, error=repr(fault))
                continue
            bodies[label][number] = message.data or b""
        for label, parts in bodies.items():
            if set(parts) != set(range(1, label.parts + 1)):
                log.warning("a checkpoint is not whole", task=task, start=label.start)
                continue
            answers = b"".join(parts[number] for number in sorted(parts))
            finished = Slice(task, label.plan, label.start, label.stop, answers)
            yield Checkpoint(finished, label.seconds)

    async def _messages(self, task: str) -> AsyncIterator[RawStreamMsg]:
        message = await self._next(task, 0)
        while message:
            yield message
            assert message.seq
            message = await self._next(task, message.seq)

    async def _next(self, task: str, sequence: int) -> RawStreamMsg | None:
        """The first message behind that place in the stream."""
        try:
            return await through_outages(
                lambda: self.js.get_msg(
                    CHECKPOINTS.name, seq=sequence + 1, subject=self._subject(task), next=True
                )
            )
        except NotFoundError:
            return None

    async def _publish(self, task: str, headers: dict[str, str], body: bytes) -> None:
        await through_outages(
            lambda: self.js.publish(
                self._subject(task), body, stream=CHECKPOINTS.name, timeout=5, headers=headers
            )
        )

    def _subject(self, task: str) -> str:
        return checkpoint_subject(self.accepted.sid, self.accepted.run, task)


class Outbox:
    """Checkpoints on their way. Scoring need not wait for a server that is away."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._waiting: asyncio.Queue[Checkpoint] = asyncio.Queue()

    def put(self, checkpoint: Checkpoint) -> None:
        self._waiting.put_nowait(checkpoint)

    async def deliver(self) -> None:
        """For ever."""
        while True:
            await self._checkpoints.store(await self._waiting.get())
            self._waiting.task_done()

    async def until_empty(self) -> None:
        await self._waiting.join()


@dataclass(frozen=True)
class _Label:
    """What the headers of a slice's messages say; attempts that overlap do not mix."""

    attempt: int
    plan: str
    start: int
    stop: int
    seconds: float
    parts: int

    def headers(self, number: int) -> dict[str, str]:
        return {
            "podium-attempt": str(self.attempt),
            "podium-plan": self.plan,
            "podium-start": str(self.start),
            "podium-stop": str(self.stop),
            "podium-seconds": str(self.seconds),
            "podium-part": f"{number}/{self.parts}",
        }

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> tuple[Self, int]:
        """With the part's number, from 1. Raises KeyError or ValueError."""
        number, _, parts = headers["podium-part"].partition("/")
        label = cls(
            attempt=int(headers["podium-attempt"]),
            plan=headers["podium-plan"],
            start=int(headers["podium-start"]),
            stop=int(headers["podium-stop"]),
            seconds=float(headers["podium-seconds"]),
            parts=int(parts),
        )
        if not 0 <= label.start < label.stop or not 0 <= label.seconds < float("inf"):
            raise ValueError(f"{label} is impossible")
        return label, int(number)


def _cut(answers: bytes) -> Iterator[bytes]:
    for at in range(0, max(1, len(answers)), _MESSAGE_BYTES):
        yield answers[at : at + _MESSAGE_BYTES]


def _farthest(checkpoints: Iterable[Checkpoint]) -> tuple[Checkpoint, ...]:
    """The chain from 0, each beginning where the one before it stopped, that ends last. Attempts
    that overlap cut a plan differently."""
    chains: dict[int, tuple[Checkpoint, ...]] = {0: ()}
    for checkpoint in sorted(checkpoints, key=lambda each: each.finished.start):
        if checkpoint.finished.start in chains:
            chain = (*chains[checkpoint.finished.start], checkpoint)
            chains.setdefault(checkpoint.finished.stop, chain)
    return chains[max(chains)]
