"""The runs of a request, earlier ones too: what evaluators said about each, as it stands in EVENTS.

Raw scores, unrounded: how they become a row is the aggregator's, and only the last run has one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec
from litestar import get
from litestar.params import FromPath

from contracts.base import Event
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    EvaluationTaskScored,
)
from runtime.bus import Recorded
from services.gateway.dependencies import EventLogDependency, StoreDependency
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.requests.routes import known_request
from services.gateway.views import Failure, Items

_OfARun = EvaluationStarted | EvaluationTaskScored | EvaluationFinished | EvaluationFailed


class Result(msgspec.Struct, frozen=True):
    harness_task: str
    metrics: dict[str, float]
    """Raw, under lm-eval's keys, such as `acc_norm,none`."""
    stderrs: dict[str, float | None]
    samples: int
    prompt_hash: str


class RunTask(msgspec.Struct, frozen=True):
    task: str
    scored_at: datetime
    attempt: int
    seconds: float
    results: tuple[Result, ...]


class Run(msgspec.Struct, frozen=True):
    run: int
    outcome: Literal["running", "finished", "failed"]
    started_at: datetime | None
    """Of its last attempt; null when no evaluator has taken it."""
    ended_at: datetime | None
    attempts: int
    evaluator: str | None
    device: str | None
    failure: Failure | None
    """Null unless it failed or was cancelled."""
    tasks: tuple[RunTask, ...]


@get(
    "/api/v1/requests/{sid:str}/runs",
    operation_id="listRuns",
    tags=["requests"],
    responses=refuses(ErrorCode.REQUEST_UNKNOWN, ErrorCode.BUS_UNREACHABLE),
)
async def list_runs(
    sid: FromPath[str], store: StoreDependency, event_log: EventLogDependency
) -> Items[Run]:
    """Runs that have begun, the first of them first, with the raw scores of their tasks."""
    await known_request(sid, store, event_log)
    return Items(items=runs_of(await event_log.evaluations(sid)))


def runs_of(events: Iterable[Recorded[Event]]) -> tuple[Run, ...]:
    """`events` are in the order of the stream."""
    told: dict[int, _Told] = {}
    for one in events:
        if isinstance(one.event, _OfARun):
            told.setdefault(one.event.run, _Told()).take_in(one.event, one.envelope.time)
    return tuple(told[number].as_run(number) for number in sorted(told))


@dataclass
class _Told:
    """What events have said of one run so far."""

    started: EvaluationStarted | None = None
    started_at: datetime | None = None
    ended: EvaluationFinished | EvaluationFailed | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    tasks: list[RunTask] = field(default_factory=list)

    def take_in(self, event: _OfARun, at: datetime) -> None:
        self.attempts = max(self.attempts, event.attempt)
        match event:
            case EvaluationStarted():
                self.started, self.started_at = event, at
            case EvaluationTaskScored():
                self.tasks.append(_task(event, at))
            case EvaluationFinished() | EvaluationFailed():
                self.ended, self.ended_at = event, at

    def as_run(self, number: int) -> Run:
        failed = isinstance(self.ended, EvaluationFailed)
        return Run(
            run=number,
            outcome="failed" if failed else "finished" if self.ended else "running",
            started_at=self.started_at,
            ended_at=self.ended_at,
            attempts=self.attempts,
            evaluator=self.started.evaluator if self.started else None,
            device=self.started.device if self.started else None,
            failure=msgspec.convert(self.ended, Failure, from_attributes=True) if failed else None,
            tasks=tuple(self.tasks),
        )


def _task(event: EvaluationTaskScored, at: datetime) -> RunTask:
    return RunTask(
        task=event.task,
        scored_at=at,
        attempt=event.attempt,
        seconds=event.seconds,
        results=tuple(
            Result(
                harness_task=result.task,
                metrics=result.metrics,
                stderrs=result.stderrs,
                samples=result.samples,
                prompt_hash=result.prompt_hash,
            )
            for result in event.results
        ),
    )
