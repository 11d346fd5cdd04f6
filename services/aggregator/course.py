"""How a row's average went: what as many boards of the past would show of it, found at the few
moments at which it can have changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.board import Board
from contracts.evaluation import EvaluationTaskScored
from contracts.imports import ResultsImported, RowImported
from contracts.moderation import ModelRemoved, ModelRenamed, ModelRestored
from contracts.submission import SubmissionAccepted, SubmissionReceived
from contracts.views import Departed, Entry, Level
from services.aggregator.facts import Fact, Facts
from services.aggregator.faults import attempt
from services.aggregator.fold import Submission
from services.aggregator.moderation import Moderation
from services.aggregator.past import (
    counting_since,
    definition_by,
    definitions_of,
    happened_by,
)
from services.aggregator.render import average_of

_DECIDING = (
    SubmissionReceived,
    SubmissionAccepted,
    EvaluationTaskScored,
    RowImported,
    ResultsImported,
)
_TAKING_OFF = (ModelRemoved, ModelRestored, ModelRenamed)
_NOBODY_DECIDED = Moderation()


@dataclass(frozen=True)
class Course:
    """Of one submission on the board that it is for."""

    submission: Submission
    board: Board
    definitions: Facts
    """Of all boards."""
    moderation: Moderation

    def told(self, entry: Entry | None) -> Entry | Departed | None:
        """`entry` with its averages, or what is left of one."""
        levels = self.levels(entry)
        if entry:
            return entry.model_copy(update={"averages": levels})
        if not levels:
            return None
        sid = next(iter(self.submission.facts.values())).event.sid
        return Departed(board=self.board.name, sid=sid, averages=levels)

    def levels(self, entry: Entry | None) -> tuple[Level, ...]:
        """`entry` is the row as it is now; None when it is not on the board."""
        moments = self._moments()
        now = entry.average if entry else None
        averages = [*map(self._average, moments[:-1]), now]
        levels: list[Level] = []
        for at, average in zip(moments, averages, strict=False):
            before = levels[-1].average if levels else None
            if average != before:
                levels.append(Level(since=at, average=average))
        return tuple(levels)

    def _moments(self) -> list[datetime]:
        """When the average can have changed, the first time first; none before all tasks of a
        definition had a score."""
        since = counting_since(self.submission.facts)
        facts = [fact for fact in self.submission.facts.values() if _decides(fact)]
        facts.sort(key=lambda fact: since[fact.id])
        definitions = definitions_of(self.board.name, self.definitions)
        needed = [
            {task.id for task in board.tasks}
            for board in (self.board, *(fact.event.definition for fact in definitions))
        ]
        scored: set[str] = set()
        by_run: dict[int, set[str]] = {}
        begins: datetime | None = None
        moments: set[datetime] = set()
        for fact in facts:
            tasks = set(_scored_by(fact))
            scored |= tasks
            if begins is None and any(all_tasks <= scored for all_tasks in needed):
                begins = since[fact.id]
            if isinstance(fact.event, EvaluationTaskScored):
                of_run = by_run.setdefault(fact.event.run, set())
                of_run |= tasks
                # A run that has not all its scores takes no row's place.
                if not any(all_tasks <= of_run for all_tasks in needed):
                    continue
            moments.add(since[fact.id])
        if begins is None:
            return []
        # The first definition holds from the beginning on.
        moments.update(fact.at for fact in (*definitions[1:], *self._taken_off))
        return sorted(moment for moment in moments if moment >= begins)

    @property
    def _taken_off(self) -> list[Fact[ModelRemoved | ModelRestored | ModelRenamed]]:
        """Decisions that took it off its board, or back."""
        if self.submission.named is None:
            return []
        name = self.moderation.name_today(*self.submission.named)
        facts = self.moderation.standing(name).facts
        return [fact for fact in facts if isinstance(fact.event, _TAKING_OFF)]

    def _average(self, at: datetime) -> float | None:
        submission = Submission(happened_by(self.submission.facts, at))
        board = definition_by(self.definitions, self.board, at)
        moderation = (
            Moderation(happened_by(self.moderation.facts, at))
            if self._taken_off
            else _NOBODY_DECIDED
        )
        average = attempt(lambda: average_of(submission, board, moderation))
        # It was told of when it happened, and what has come since may have healed the row.
        return None if isinstance(average, Exception) else average


def _decides(fact: Fact[Any]) -> bool:
    return isinstance(fact.event, _DECIDING)


def _scored_by(fact: Fact[Any]) -> Iterator[str]:
    """Ids of tasks."""
    match fact.event:
        case EvaluationTaskScored() as event:
            yield event.task
        case RowImported() as event:
            yield from event.scores
        case ResultsImported() as event:
            yield from (one.task for one in event.tasks)
