from contracts.base import Event
from contracts.models import Lane
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionPromoted,
    SubmissionRerunRequested,
)
from contracts.views import Request, RequestState
from contracts.vote import VoteCast
from services.aggregator.leaderboard import Leaderboard
from tests.unit.aggregator.story import BOARD, accepted, as_facts, received, sid_of, started

SID = sid_of()
THREE_VOTES = BOARD.model_copy(
    update={"limits": BOARD.limits.model_copy(update={"votes_for_high_lane": 3})}
)


def after(*events: Event) -> Leaderboard:
    leaderboard = Leaderboard({BOARD.name: THREE_VOTES})
    for fact in as_facts(*events):
        leaderboard.take(fact)
    list(leaderboard.render())
    return leaderboard


def votes(*voters: str) -> list[VoteCast]:
    return [VoteCast(sid=SID, voter=voter) for voter in voters]


def jobs(leaderboard: Leaderboard) -> list[SubmissionAccepted]:
    return [promoted.job for promoted in leaderboard.promotions.values()]


def request(leaderboard: Leaderboard) -> Request:
    return Request.model_validate_json(leaderboard.views[Request.subject_filter(sid=SID)])


def test_enough_voters_move_the_job_to_the_high_lane() -> None:
    few = after(received(), accepted(), *votes("ada", "grace", "ada"))
    enough = after(received(), accepted(), *votes("ada", "grace", "mary"))

    assert jobs(few) == []
    assert jobs(enough) == [accepted(lane=Lane.HIGH)]


def test_a_moderator_moves_it_alone() -> None:
    leaderboard = after(received(), accepted(), SubmissionPromoted(sid=SID, run=1, by="mod"))

    assert jobs(leaderboard) == [accepted(lane=Lane.HIGH)]
    assert request(leaderboard).promoted


def test_votes_of_before_it_was_accepted_count_once_it_is() -> None:
    leaderboard = after(received(), *votes("ada", "grace", "mary"), accepted())

    assert jobs(leaderboard) == [accepted(lane=Lane.HIGH)]


def test_what_is_in_the_high_lane_runs_or_was_cancelled_stays_where_it_is() -> None:
    wanted = [received(), accepted(), *votes("ada", "grace", "mary")]

    assert jobs(after(*wanted, accepted(lane=Lane.HIGH))) == []
    assert jobs(after(*wanted, started())) == []
    assert jobs(after(*wanted, SubmissionCancelled(sid=SID))) == []


def test_a_promoted_job_is_one_event_however_often_it_is_published() -> None:
    story = [received(), accepted(), *votes("ada", "grace", "mary")]

    first, again = (next(iter(after(*story).promotions.values())) for _ in range(2))

    assert first.envelope.id == again.envelope.id


def test_a_promotion_is_of_one_run() -> None:
    leaderboard = after(
        received(),
        SubmissionPromoted(sid=SID, run=1, by="mod"),
        SubmissionRerunRequested(sid=SID, run=2),
        accepted(run=2),
    )

    assert jobs(leaderboard) == []


def test_a_cancellation_holds_against_a_later_verdict_until_the_next_run() -> None:
    cancelled = [received(), SubmissionCancelled(sid=SID), accepted()]
    rerun = SubmissionRerunRequested(sid=SID, run=2)

    assert request(after(*cancelled)).state is RequestState.CANCELLED
    assert request(after(*cancelled, rerun)).state is RequestState.RECEIVED
    assert request(after(*cancelled, rerun, accepted(run=2))).state is RequestState.WAITING
