"""What an evaluator says of itself, so that people see who is there and at what."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from secrets import token_hex

from nats.aio.client import Client
from nats.errors import Error as NatsError

from contracts.evaluator import DeviceWork, EvaluatorDevice, EvaluatorPresence
from contracts.submission import SubmissionAccepted
from services.evaluator.gate import Gate
from services.evaluator.interrupts import any_of, meanwhile

EVERY_S = 5.0
_GOODBYE_S = 1


class Desk:
    """One device, and what it is at."""

    def __init__(self, name: str, device: str) -> None:
        self.state = EvaluatorDevice(name=name, device=device, since=datetime.now(UTC))
        self.changed = asyncio.Event()

    @contextmanager
    def working_on(self, job: SubmissionAccepted, attempt: int) -> Iterator[None]:
        self._is_at(DeviceWork(sid=job.sid, run=job.run, attempt=attempt))
        try:
            yield
        finally:
            self._is_at(None)

    def take_up(self, task: str) -> None:
        """The next task of the job it works on."""
        work = self.state.work
        if work and work.task != task:
            begun = {"work": work.model_copy(update={"task": task})}
            self.state = self.state.model_copy(update=begun)
            self.changed.set()

    def _is_at(self, work: DeviceWork | None) -> None:
        self.state = self.state.model_copy(update={"work": work, "since": datetime.now(UTC)})
        self.changed.set()


@asynccontextmanager
async def announced(
    client: Client,
    name: str,
    gate: Gate,
    desks: Sequence[Desk],
    stop: asyncio.Event,
    *,
    every_s: float = EVERY_S,
) -> AsyncIterator[None]:
    """Tell of this evaluator for as long as the `with` block lasts: every few seconds, on every
    change, when `stop` is set, and one last time. Nothing is stored, so none of it is worth waiting
    for a server that is away."""
    first = EvaluatorPresence(
        name=name,
        instance=token_hex(6),
        tiers=gate.tiers,
        devices=(),
        started_at=datetime.now(UTC),
        version=_own_version(),
        every_s=every_s,
    )
    news = [*(desk.changed for desk in desks), gate.changed]

    async def tell(*, stopped: bool = False) -> None:
        for each in news:
            each.clear()
        if client.is_connected:
            presence = first.model_copy(
                update={
                    "devices": tuple(desk.state for desk in desks),
                    "draining": stop.is_set(),
                    "on_hold": gate.on_hold,
                    "stopped": stopped,
                }
            )
            with suppress(NatsError):
                await client.publish(presence.subject(), presence.model_dump_json().encode())

    async def keep_telling() -> None:
        while True:
            await tell()
            told_of = news if stop.is_set() else [*news, stop]
            await any_of(*(each.wait() for each in told_of), timeout_s=every_s)

    async with meanwhile(keep_telling()):
        yield
    await tell(stopped=True)
    with suppress(NatsError):
        await client.flush(timeout=_GOODBYE_S)


def _own_version() -> str:
    try:
        return version("podium")
    except PackageNotFoundError:
        return ""
