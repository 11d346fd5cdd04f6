"""Waiting submissions that enough people, or a moderator, want sooner: their job is published again
in the high lane. The evaluator that takes one of the two leaves nothing to do for the other."""

from dataclasses import dataclass
from uuid import uuid5

from contracts.board import Board
from contracts.envelope import Envelope
from contracts.models import Lane
from contracts.submission import SubmissionAccepted
from contracts.views import RequestState
from services.aggregator.facts import of_kind
from services.aggregator.fold import Submission


@dataclass(frozen=True)
class Promotion:
    job: SubmissionAccepted
    envelope: Envelope
    """Its id follows from the job's: published twice, it is one event."""


def promotion(submission: Submission, board: Board) -> Promotion | None:
    """None for a submission that does not wait in the normal lane, or that too few want sooner."""
    run = submission.run
    wanted = run.is_promoted or len(submission.voters) >= board.limits.votes_for_high_lane
    if not wanted or submission.state is not RequestState.WAITING:
        return None
    accepted = of_kind(SubmissionAccepted, run.facts)[-1]
    if accepted.event.lane is Lane.HIGH:
        return None
    job = accepted.event.model_copy(update={"lane": Lane.HIGH})
    envelope = Envelope(job.type_name(), "aggregator", id=uuid5(accepted.id, job.subject()))
    return Promotion(job, envelope)
