"""What evaluators say while they work, as it comes and as the server has recorded it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationProgress,
    EvaluationStarted,
    EvaluationTaskScored,
)
from contracts.topology import CHECKPOINTS, EVENTS, Stream
from runtime.bus import decode_event
from runtime.follow import follow

PROGRESS = Stream(
    name="PROGRESS",
    description="What is otherwise not stored.",
    subjects=(EvaluationProgress.subject_filter(),),
)

Statement = (
    EvaluationStarted
    | EvaluationProgress
    | EvaluationTaskScored
    | EvaluationFinished
    | EvaluationFailed
)
Attempt = tuple[str, int, int]
"""Submission, run and attempt."""


def attempt_of(said: Statement) -> Attempt:
    return said.sid, said.run, said.attempt


class Witness:
    """Hears what is said while the connection stands, enough to know what each evaluator is at.
    What has to be proved is read from the streams."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._speakers: dict[Attempt, str] = {}
        self._said: dict[str, list[Statement]] = {}
        self.heard_of_all = 0
        self.checkpoints: list[tuple[datetime, Attempt]] = []

    async def listen(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            for subject in (*PROGRESS.subjects, "podium.v1.evaluation.>", *CHECKPOINTS.subjects):
                group.create_task(self._listen_to(subject))

    def heard(self, evaluator: str) -> int:
        """How many statements."""
        return len(self._said.get(evaluator, ()))

    def doing(self, evaluator: str) -> str:
        match self._said[evaluator][-1]:
            case EvaluationStarted():
                return "starting"
            case EvaluationProgress(phase=phase):
                return phase
            case EvaluationTaskScored():
                return "between tasks"
            case _:
                return "between jobs"

    def attempt(self, evaluator: str) -> Attempt | None:
        """Which it is at; None between jobs."""
        said = self._said[evaluator][-1]
        return None if isinstance(said, EvaluationFinished) else attempt_of(said)

    async def _listen_to(self, subject: str) -> None:
        subscription = await self._client.subscribe(subject)
        async for message in subscription.messages:
            if message.headers and "podium-attempt" in message.headers:
                _, _, _, sid, run, _ = message.subject.split(".")
                attempt = (sid, int(run), int(message.headers["podium-attempt"]))
                self.checkpoints.append((datetime.now(UTC), attempt))
            else:
                self._hear(_read(message))

    def _hear(self, said: Statement) -> None:
        if isinstance(said, EvaluationStarted):
            self._speakers[attempt_of(said)] = said.evaluator
        if speaker := self._speakers.get(attempt_of(said)):
            self._said.setdefault(speaker, []).append(said)
            self.heard_of_all += 1


@dataclass(frozen=True)
class Recorded:
    """What an attempt said, and when the server stored it."""

    at: datetime
    said: Statement


async def recorded(client: Client) -> list[Recorded]:
    """Everything that evaluators have said up to now, oldest first."""
    found = []
    for stream in (EVENTS, PROGRESS):
        async for batch in follow(client, stream.name):
            found += [
                Recorded(message.metadata.timestamp, _read(message))
                for message in batch.messages
                if not message.subject.startswith("podium.v1.submission.")
            ]
            if batch.caught_up:
                break
    return sorted(found, key=lambda each: each.at)


def _read(message: Msg) -> Statement:
    if message.subject.startswith(EvaluationProgress.type_name()):
        return EvaluationProgress.model_validate_json(message.data)
    event, _ = decode_event(message.subject, message.headers, message.data)
    assert isinstance(event, Statement), message.subject
    return event
