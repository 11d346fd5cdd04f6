from contracts.base import Event
from contracts.moderation import (
    DeadLetterReplayed,
    ModelBarred,
    ModelFlagged,
    ModelNoted,
    ModelRemoved,
    ModelRenamed,
    ModelRestored,
    ModelUnbarred,
    ModelUnflagged,
    ProviderNamed,
    SubmitterBanned,
    SubmitterUnbanned,
)
from contracts.registry import view_class
from contracts.views import Decision, Entry, Policy, Request
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


def policy(leaderboard: Leaderboard) -> Policy | None:
    body = leaderboard.views.get(Policy.SUBJECT)
    return Policy.model_validate_json(body) if body else None


def test_a_restored_model_is_back_on_the_board_with_what_was_written_about_it() -> None:
    restored = ModelRestored(repo_id="acme/tiny", reason="They changed their mind.", by="mod")
    noted = ModelNoted(repo_id="acme/tiny", reason="Ask before removing it again.", by="mod")
    leaderboard = views(*scored_once(), REMOVED, restored, noted)

    assert entry(leaderboard)
    told = [line.note for line in request(leaderboard).history if "moderation" in line.what]
    assert told == [REMOVED.reason, restored.reason, noted.reason]


def test_a_note_takes_no_flag_away() -> None:
    noted = ModelNoted(repo_id="acme/tiny", reason="Under discussion.", by="mod")

    row = entry(views(*scored_once(), FLAGGED, noted))

    assert row
    assert row.flag


def test_the_policy_holds_what_stands() -> None:
    assert policy(views(*scored_once(), FLAGGED)) is None

    decided = policy(
        views(
            ModelBarred(repo_id="acme/tiny", reason="Not for boards.", by="mod"),
            ModelBarred(repo_id="acme/other", reason="Neither.", by="mod"),
            ModelUnbarred(repo_id="acme/tiny", reason="Now it is.", by="mod"),
            ProviderNamed(organisation="acme", reason="Its own models.", by="mod"),
            SubmitterBanned(user="grace", reason="Ten names.", by=None),
            SubmitterUnbanned(user="grace", reason="A mistake.", by=None),
        )
    )

    assert decided
    assert [each.name for each in decided.barred] == ["acme/other"]
    assert [each.name for each in decided.official_providers] == ["acme"]
    assert decided.banned == ()


def decisions(leaderboard: Leaderboard) -> list[Decision]:
    return [
        Decision.model_validate_json(body)
        for subject, body in leaderboard.views.items()
        if view_class(subject) is Decision
    ]


def test_every_decision_stands_in_the_log_once() -> None:
    leaderboard = Leaderboard({BOARD.name: BOARD})
    for fact in [*as_facts(FLAGGED, RENAMED), *as_facts(FLAGGED, RENAMED)]:
        leaderboard.take(fact)

    log = decisions(leaderboard)

    assert [(each.sequence, each.what, each.about) for each in log] == [
        (1, "flagged", "acme/tiny"),
        (2, "renamed", "acme/tiny"),
    ]
    assert (log[0].reason, log[0].link, log[1].new_repo_id) == (
        FLAGGED.reason,
        FLAGGED.link,
        "acme/small",
    )


def test_a_replayed_dead_letter_stands_in_the_log_and_changes_no_policy() -> None:
    replayed = DeadLetterReplayed(
        sequence=12, sid=sid_of(), run=2, reason="The disk has room again.", by="mod"
    )

    leaderboard = views(*scored_once(), replayed)

    [decision] = decisions(leaderboard)
    assert (decision.what, decision.about, decision.dead_letter) == (
        "dead_letter_replayed",
        sid_of(),
        12,
    )
    assert (decision.reason, decision.by) == ("The disk has room again.", "mod")
    assert policy(leaderboard) is None
