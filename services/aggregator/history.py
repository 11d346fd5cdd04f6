"""Events as lines of a submission's history."""

from collections.abc import Iterable
from typing import Any

from contracts.base import Event
from contracts.evaluation import EvaluationFailed, EvaluationStarted, EvaluationTaskScored
from contracts.imports import RequestImported, ResultsImported, RowImported
from contracts.moderation import ModelRenamed
from contracts.registry import EVENT_TYPES
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionDelayed,
    SubmissionPromoted,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.views import HistoryEntry
from contracts.vote import VoteCast
from services.aggregator.facts import Fact

_WHAT = {kind: kind.type_name().removeprefix("podium.v1.") for kind in EVENT_TYPES}
_BY_SOMEBODY = {kind for kind in EVENT_TYPES if "by" in kind.model_fields}


def history(facts: Iterable[Fact[Any]]) -> tuple[HistoryEntry, ...]:
    """Oldest first by the writers' clocks. Votes are left out: their number stands in the view."""
    told = [fact for fact in facts if not isinstance(fact.event, VoteCast)]
    return tuple(
        HistoryEntry(
            at=fact.at,
            what=_WHAT[type(fact.event)],
            note=_note(fact.event),
            by=fact.event.by if type(fact.event) in _BY_SOMEBODY else None,
        )
        for fact in sorted(told, key=lambda fact: (fact.at, fact.id))
    )


def _note(event: Event) -> str:
    match event:
        case EvaluationTaskScored():  # most are
            return event.task
        case SubmissionAccepted():
            return f"run {event.run}, tier {event.tier}, lane {event.lane}"
        case SubmissionRejected():
            return ", ".join(reason.code for reason in event.reasons)
        case SubmissionDelayed():
            return event.reason.message
        case SubmissionCancelled() | SubmissionPromoted():
            return event.note
        case SubmissionRerunRequested():
            return f"run {event.run}: {event.note}" if event.note else f"run {event.run}"
        case RowImported() | ResultsImported() | RequestImported():
            return f"from {event.source}"
        case EvaluationStarted():
            run = f"run {event.run}, attempt {event.attempt}"
            return f"{run} on {event.evaluator} ({event.device})"
        case EvaluationFailed():
            return f"{event.cause}: {event.reason.message}"
        case ModelRenamed():
            return f"{event.repo_id} is now {event.new_repo_id}"
    # What is left of moderation says why.
    return str(getattr(event, "reason", ""))
