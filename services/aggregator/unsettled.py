"""Which runs something has still to become of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.models import SubmissionId
from contracts.submission import SubmissionAccepted, SubmissionRerunRequested
from contracts.views import RequestState
from services.aggregator.facts import Fact, of_kind
from services.aggregator.fold import Submission


@dataclass(frozen=True)
class Unsettled:
    """A run that has begun and has no end."""

    sid: SubmissionId
    run: int
    attempt: int
    """The highest that any event names; 0 when none was made."""
    cause: Fact[Any]
    """The job, or what asks for a verdict."""
    since: datetime
    """When something was last heard of it."""

    @property
    def has_job(self) -> bool:
        """It passed validation, so it stands in JOBS until it ends."""
        return isinstance(self.cause.event, SubmissionAccepted)


def unsettled(submission: Submission) -> Unsettled | None:
    """None for what has ended, and for what cannot be told for want of readable events."""
    run, received = submission.run, submission.received
    if received is None:
        return None
    cause: Fact[Any] | None = None
    match submission.state:
        case RequestState.RECEIVED:
            cause = (
                received if run.number == 1 else _last(of_kind(SubmissionRerunRequested, run.facts))
            )
        case RequestState.WAITING | RequestState.RUNNING:
            cause = _last(of_kind(SubmissionAccepted, run.facts))
    if cause is None:
        return None
    return Unsettled(
        sid=received.event.sid,
        run=run.number,
        attempt=run.attempt,
        cause=cause,
        since=max(fact.at for fact in (cause, *run.facts)),
    )


def _last(facts: Iterable[Fact[Any]]) -> Fact[Any] | None:
    return max(facts, key=lambda fact: fact.sequence, default=None)
