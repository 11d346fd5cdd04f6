from contracts.base import Event
from contracts.moderation import ModelFlagged, ModelRemoved, ModelRenamed, ModelUnflagged
from contracts.views import Entry, Request
from services.aggregator.leaderboard import Leaderboard
from tests.unit.aggregator.story import (
    BOARD,
    MORNING,
    accepted,
    as_facts,
    received,
    scored,
    sid_of,
)

FLAGGED = ModelFlagged(
    repo_id="acme/tiny", reason="Trained on MuSR.", link="https://hub/discussions/1", by="mod"
)
UNFLAGGED = ModelUnflagged(repo_id="acme/tiny", reason="It was not.", by="mod")
RENAMED = ModelRenamed(repo_id="acme/tiny", new_repo_id="acme/small", by="mod")
REMOVED = ModelRemoved(repo_id="acme/tiny", reason="Its authors asked for it.", by="mod")


def scored_once(repo_id: str = "acme/tiny") -> tuple[Event, ...]:
    return received(repo_id), accepted(repo_id), scored("facts", 0.5, repo_id=repo_id)


def views(*events: Event) -> Leaderboard:
    """Each event is rendered as it comes, as it is while people watch."""
    leaderboard = Leaderboard({BOARD.name: BOARD})
    for fact in as_facts(*events):
        leaderboard.take(fact)
        list(leaderboard.render())
    return leaderboard


def entry(leaderboard: Leaderboard, repo_id: str = "acme/tiny") -> Entry | None:
    subject = Entry.subject_filter(board=BOARD.name, sid=sid_of(repo_id))
    body = leaderboard.views.get(subject)
    return Entry.model_validate_json(body) if body else None


def request(leaderboard: Leaderboard, repo_id: str = "acme/tiny") -> Request:
    return Request.model_validate_json(
        leaderboard.views[Request.subject_filter(sid=sid_of(repo_id))]
    )


def test_a_flag_marks_the_row_until_it_is_taken_back() -> None:
    flagged = entry(views(*scored_once(), FLAGGED))
    assert flagged
    assert flagged.flag
    assert (flagged.flag.reason, flagged.flag.link) == (FLAGGED.reason, FLAGGED.link)
    assert flagged.flag.at > MORNING

    unflagged = entry(views(*scored_once(), FLAGGED, UNFLAGGED))
    assert unflagged
    assert unflagged.flag is None


def test_a_flag_covers_later_submissions_and_no_other_repository() -> None:
    leaderboard = views(FLAGGED, *scored_once(), *scored_once("acme/other"))

    ours, other = entry(leaderboard), entry(leaderboard, "acme/other")
    assert ours
    assert other
    assert ours.flag
    assert other.flag is None


def test_a_removed_model_leaves_the_board_and_its_request_says_why() -> None:
    leaderboard = views(*scored_once(), REMOVED)

    assert entry(leaderboard) is None
    last = request(leaderboard).history[-1]
    assert (last.what, last.note) == ("moderation.removed", REMOVED.reason)


def test_a_row_follows_the_repository_to_its_new_name_with_its_flag() -> None:
    moved = entry(views(*scored_once(), FLAGGED, RENAMED))

    assert moved
    assert (moved.repo_id, moved.model.repo_id) == ("acme/small", "acme/tiny")
    assert moved.flag


def test_a_decision_under_the_new_name_covers_what_was_submitted_under_the_old_one() -> None:
    removed = REMOVED.model_copy(update={"repo_id": "acme/small"})

    assert entry(views(*scored_once(), RENAMED, removed)) is None


def test_a_flag_that_stood_on_the_new_name_survives_the_renaming() -> None:
    flagged = FLAGGED.model_copy(update={"repo_id": "acme/small"})

    moved = entry(views(*scored_once(), flagged, RENAMED))

    assert moved
    assert moved.flag


def test_a_later_repository_of_the_old_name_is_another_one() -> None:
    later = entry(views(FLAGGED, RENAMED, *scored_once()))

    assert later
    assert (later.repo_id, later.flag) == ("acme/tiny", None)
