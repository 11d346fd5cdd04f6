"""What one submission's events amount to.

The rules, whatever order events arrive in and however often:

- A repeated event (same id) counts once, where it first stood in the stream.
- The current run is the highest that any event names.
- Of several `started`, `task_scored` or `failed` events of one run (and task), the highest attempt
  counts; of equal attempts the first in the stream.
- `finished` stands: all scores are in, whatever else is said about the run.
- `failed` stands unless a higher attempt has started.
- `cancelled` and `rejected` name no run. They hold for the run that was current when they were
  stored; an accepted run was not rejected, for its job exists.
- `delayed` holds for its run until anything else is said about that.
- Of several `accepted` events of one run the last counts: a job may be moved to another lane.
- Of several imports of one kind the last counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from contracts.base import Event
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    EvaluationTaskScored,
    FailureCause,
)
from contracts.registry import EVENT_TYPES
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionDelayed,
    SubmissionPromoted,
    SubmissionReceived,
    SubmissionRejected,
)
from contracts.views import Delay, RequestState
from contracts.vote import VoteCast
from services.aggregator.facts import Fact, Facts, Kinds, in_stream_order, of_kind, with_fact
from services.aggregator.imports import Imported

_OF_A_RUN = {kind for kind in EVENT_TYPES if "run" in kind.model_fields}
_OF_AN_ATTEMPT = {kind for kind in EVENT_TYPES if "attempt" in kind.model_fields}

A = TypeVar("A", EvaluationStarted, EvaluationFailed)
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Run:
    """One evaluation of a submission."""

    number: int
    facts: tuple[Fact[Any], ...]
    """The events that name this run, in stream order."""

    @property
    def begins(self) -> int:
        """Place in the stream; 0 for the first run, which everything may belong to."""
        return self.facts[0].sequence if self.number > 1 else 0

    @cached_property
    def _kinds(self) -> Kinds:
        return Kinds(self.facts)

    @cached_property
    def accepted(self) -> SubmissionAccepted | None:
        accepted = self._kinds.of(SubmissionAccepted)
        return accepted[-1].event if accepted else None

    @cached_property
    def is_promoted(self) -> bool:
        return bool(self._kinds.of(SubmissionPromoted))

    @cached_property
    def started(self) -> EvaluationStarted | None:
        fact = _of_highest_attempt(self._kinds.of(EvaluationStarted))
        return fact.event if fact else None

    @cached_property
    def scored(self) -> Mapping[str, Fact[EvaluationTaskScored]]:
        """By task id."""
        counting: dict[str, Fact[EvaluationTaskScored]] = {}
        for fact in self._kinds.of(EvaluationTaskScored):
            known = counting.get(fact.event.task)
            if known is None or fact.event.attempt > known.event.attempt:
                counting[fact.event.task] = fact
        return counting

    @cached_property
    def is_finished(self) -> bool:
        return bool(self._kinds.of(EvaluationFinished))

    @cached_property
    def failed(self) -> EvaluationFailed | None:
        fact = _of_highest_attempt(self._kinds.of(EvaluationFailed))
        if fact is None or self.is_finished:
            return None
        overtaken = self.started and self.started.attempt > fact.event.attempt
        return None if overtaken else fact.event

    @property
    def attempt(self) -> int:
        """The highest that any event names; 0 when none was made."""
        attempts = (fact.event.attempt for fact in self.facts if type(fact.event) in _OF_AN_ATTEMPT)
        return max(attempts, default=0)


@dataclass(frozen=True)
class Submission:
    facts: Facts = field(default_factory=dict)

    def after(self, fact: Fact[Any]) -> "Submission":
        facts = with_fact(self.facts, fact)
        return self if facts is self.facts else Submission(facts)

    @cached_property
    def received(self) -> Fact[SubmissionReceived] | None:
        """None when it could not be read; then nothing can be shown."""
        return next(iter(self._kinds.of(SubmissionReceived)), None)

    @cached_property
    def imported(self) -> Imported | None:
        """What another board says; None when no scores were imported."""
        return Imported.of(self._ordered)

    @property
    def board(self) -> str | None:
        """None while nothing is known that could be shown."""
        if self.received:
            return self.received.event.board
        return self.imported.newest.event.board if self.imported else None

    @property
    def named(self) -> tuple[str, int] | None:
        """What the repository was called, and the place in the stream since which it was."""
        if self.received:
            return self.received.event.model.repo_id, self.received.sequence
        if self.imported:
            return self.imported.newest.event.model.repo_id, self.imported.since
        return None

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """From the first to the current one; one that no event names is left out."""
        facts: dict[int, list[Fact[Any]]] = {1: []}
        for fact in self._ordered:
            if type(fact.event) in _OF_A_RUN:
                facts.setdefault(fact.event.run, []).append(fact)
        return tuple(Run(number, tuple(facts[number])) for number in sorted(facts))

    @property
    def run(self) -> Run:
        """The current one."""
        return self.runs[-1]

    @cached_property
    def accepted(self) -> SubmissionAccepted | None:
        """What the last validation that passed has found."""
        return next((run.accepted for run in reversed(self.runs) if run.accepted), None)

    @property
    def accepted_at(self) -> int:
        """Place in the stream of the first acceptance; 0 before it."""
        accepted = self._kinds.of(SubmissionAccepted)
        return accepted[0].sequence if accepted else 0

    @cached_property
    def delay(self) -> Delay | None:
        """Why the current run is not validated yet; None once it is."""
        told = of_kind(SubmissionDelayed, self.run.facts)
        if not told or self.state is not RequestState.RECEIVED:
            return None
        return Delay(
            reason=told[-1].event.reason,
            since=min(fact.at for fact in told),
            at=max(fact.at for fact in told),
        )

    @cached_property
    def rejected(self) -> SubmissionRejected | None:
        facts = self._of_this_run(self._kinds.of(SubmissionRejected))
        return facts[-1].event if facts and not self.run.accepted else None

    @cached_property
    def state(self) -> RequestState:
        if self.run.is_finished:
            return RequestState.FINISHED
        if failed := self.run.failed:
            cancelled = failed.cause is FailureCause.CANCELLED
            return RequestState.CANCELLED if cancelled else RequestState.FAILED
        if self.rejected:
            return RequestState.REJECTED
        if self._of_this_run(self._kinds.of(SubmissionCancelled)):
            return RequestState.CANCELLED
        if self.run.started:
            return RequestState.RUNNING
        return RequestState.WAITING if self.run.accepted else RequestState.RECEIVED

    @cached_property
    def voters(self) -> frozenset[str]:
        return frozenset(fact.event.voter for fact in self._kinds.of(VoteCast))

    @cached_property
    def _kinds(self) -> Kinds:
        return Kinds(self._ordered)

    @cached_property
    def _ordered(self) -> list[Fact[Any]]:
        return in_stream_order(self.facts)

    def _of_this_run(self, facts: Sequence[Fact[E]]) -> list[Fact[E]]:
        return [fact for fact in facts if fact.sequence > self.run.begins]


def _of_highest_attempt(facts: Iterable[Fact[A]]) -> Fact[A] | None:
    return max(facts, key=lambda fact: (fact.event.attempt, -fact.sequence), default=None)
