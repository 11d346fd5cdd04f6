"""Evaluators and a nats-server that are killed again and again, at moments drawn beforehand."""

import asyncio
import random
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from runtime.embedded_nats import NatsServer
from runtime.ports import free_port
from tests.chaos.witness import Attempt, Witness
from tests.integration.evaluator.world import World, log_of, start_evaluator
from tests.waiting import until

_LONGEST_PAUSE_S = 0.4
_SAYS_MORE_S = 300
_ENDS_S = 30


@dataclass(frozen=True)
class Fate:
    """Kills an evaluator that has said so much: after a pause, or as soon as it says more."""

    messages: int
    pause_s: float


@dataclass(frozen=True)
class Plan:
    evaluators: tuple[Fate, ...]
    nats_server: tuple[int, ...]
    """How much all evaluators have said before each kill of nats-server."""

    @classmethod
    def drawn(cls, seed: int, *, evaluators: int, nats_server: int, messages: int) -> Self:
        """So many kills; an evaluator lives for up to so many messages."""
        dice = random.Random(seed)
        fates = tuple(
            Fate(dice.randint(1, messages), dice.uniform(0, _LONGEST_PAUSE_S))
            for _ in range(evaluators)
        )
        all_messages = range(1, sum(fate.messages for fate in fates))
        return cls(fates, tuple(sorted(dice.sample(all_messages, nats_server))))


class Nats:
    """A nats-server that comes back with the same data on the same port."""

    def __init__(self, folder: Path) -> None:
        self._server = NatsServer(folder, free_port())
        self._process = self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._server.port}"

    async def strike(self, moments: Iterable[int], witness: Witness) -> None:
        """Returns when it has been killed at each."""
        before = witness.heard_of_all
        for messages in moments:
            due = before + messages
            await until(lambda due=due: witness.heard_of_all >= due, _SAYS_MORE_S)  # type: ignore[misc]
            self._kill()
            self._process = self._server.start()
            await asyncio.to_thread(self._server.wait_until_ready, self._process)

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Kill:
    """Of an evaluator."""

    at: datetime
    doing: str
    """Going by what it had said last."""
    attempt: Attempt | None
    """Whose work was cut short; None for an evaluator without a job."""


class Evaluator:
    """A place for one process after another."""

    def __init__(self, place: int, world: World, settings: dict[str, str]) -> None:
        """`settings` are what `start_evaluator` is told."""
        self._place = place
        self._world = world
        self._settings = settings
        self._lives = 0
        self._process = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def name(self) -> str:
        return f"evaluator-{self._place}-{self._lives}"

    @property
    def log(self) -> str:
        return log_of(self._world, self.name).read_text()

    def _start(self) -> subprocess.Popen[bytes]:
        self._lives += 1
        return start_evaluator(self._world, name=self.name, **self._settings)

    async def strike(self, fates: Iterator[Fate], witness: Witness) -> list[Kill]:
        """Returns when there are no more fates for it; it then runs."""
        kills = []
        for fate in fates:
            await self._until_due(fate, witness)
            doing, attempt = witness.doing(self.name), witness.attempt(self.name)
            self._process.kill()
            kills.append(Kill(datetime.now(UTC), doing, attempt))
            await self._until_gone()
            self._process = self._start()
        return kills

    async def stop(self) -> None:
        """As an operator would."""
        self._process.terminate()
        await self._until_gone()
        assert self._process.returncode == 0, self.log

    async def _until_due(self, fate: Fate, witness: Witness) -> None:
        due = witness.heard(self.name) + fate.messages

        def says(messages: int) -> bool:
            assert self._process.poll() is None, f"{self.name} ended by itself: {self.log}"
            return witness.heard(self.name) >= messages

        await until(lambda: says(due), _SAYS_MORE_S)
        with suppress(TimeoutError):
            await until(lambda: says(due + 1), fate.pause_s)

    async def _until_gone(self) -> None:
        """With everything it has started: it leads a session of its own."""

        def is_gone() -> bool:
            return self._process.poll() is not None and not _in_session(self._process.pid)

        await until(is_gone, _ENDS_S)


def _in_session(leader: int) -> list[int]:
    """Processes that run; those that have ended may wait for their parent to notice."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # pid (name) state parent group session …
            state, _, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state not in "ZX":
                found.append(int(process.name))
    return found
