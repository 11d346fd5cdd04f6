"""A board as it was equals what stood then."""

from datetime import UTC, datetime, timedelta

from contracts.base import Event
from contracts.moderation import ModelFlagged, ModelRemoved, ModelRenamed, ModelRestored
from contracts.views import Entry
from services.aggregator.leaderboard import Leaderboard
from tests.unit.aggregator.story import (
    BOARD,
    MORNING,
    accepted,
    as_facts,
    defined,
    received,
    scored,
)
from tests.unit.aggregator.test_imports import RESULTS, ROW, SUBMITTED
from tests.unit.aggregator.test_rescoring import HARDER, life

STORY = (
    defined(),
    *life("acme/first", 0.8, 0.9),
    *life("acme/second", 0.5, 0.6),
    ModelFlagged(repo_id="acme/first", reason="Trained on MuSR.", by="mod"),
    ModelRenamed(repo_id="acme/first", new_repo_id="acme/renamed", by="mod"),
    accepted("acme/second", run=2),
    scored("facts", 0.9, repo_id="acme/second", run=2),
    ModelRemoved(repo_id="acme/second", reason="Its authors asked for it.", by="mod"),
    scored("logic", 0.9, 0.9, repo_id="acme/second", run=2),
    ModelRestored(repo_id="acme/second", reason="They came back.", by="mod"),
    *life("acme/copy", 0.8, 0.9),
)


def leaderboard(*events: Event) -> Leaderboard:
    folded = Leaderboard({BOARD.name: BOARD})
    for fact in as_facts(*events):
        folded.take(fact)
    list(folded.render())
    return folded


def standing(folded: Leaderboard) -> dict[str, str]:
    """Rows as JSON, by submission."""
    rows = [one for one in folded.views.digests if one.startswith("podium.v1.view.entry.")]
    return {subject.rpartition(".")[2]: folded.views[subject].decode() for subject in rows}


def was(folded: Leaderboard, at: datetime) -> dict[str, str]:
    past = folded.past(BOARD.name, at)
    assert past
    return {entry.sid: entry.model_dump_json() for entry in past.entries if entry}


def entries(rows: dict[str, str]) -> list[Entry]:
    return [Entry.model_validate_json(row) for row in rows.values()]


def test_between_any_two_events_it_is_the_board_that_people_saw_then() -> None:
    folded = Leaderboard({BOARD.name: BOARD})
    seen: list[dict[str, str]] = []
    for fact in as_facts(*STORY):
        folded.take(fact)
        list(folded.render())
        seen.append(standing(folded))

    # Minute n is when event n happened.
    pasts = [
        was(folded, MORNING + timedelta(minutes=n, seconds=30)) for n in range(1, len(STORY) + 1)
    ]

    assert pasts == seen
    assert len({repr(one) for one in seen}) > 10
    assert was(folded, MORNING) == {}


def test_a_row_that_was_imported_is_as_old_as_where_it_comes_from() -> None:
    folded = leaderboard(received("acme/first"), ROW, RESULTS)

    before, after = was(folded, SUBMITTED - timedelta(days=1)), was(folded, SUBMITTED)

    assert before == {}
    assert after == standing(folded)
    assert MORNING > SUBMITTED


def test_what_was_imported_without_a_date_begins_with_its_import() -> None:
    undated = ROW.model_copy(update={"submitted_at": None})
    folded = leaderboard(received("acme/first"), undated)

    assert was(folded, MORNING + timedelta(minutes=1, seconds=30)) == {}
    assert was(folded, MORNING + timedelta(minutes=2)) == standing(folded)


def test_scores_follow_the_definition_that_held_then() -> None:
    folded = Leaderboard({BOARD.name: HARDER})
    for fact in as_facts(defined(), *life("acme/first", 0.8, 0.9), defined(HARDER)):
        folded.take(fact)
    list(folded.render())

    at_first = was(folded, MORNING + timedelta(minutes=7, seconds=30))
    at_last = was(folded, MORNING + timedelta(minutes=9))

    [then], [now] = map(entries, (at_first, at_last))
    assert (then.board_version, now.board_version) == (BOARD.version, HARDER.version)
    assert then.average != now.average
    assert at_last == standing(folded)


def test_nothing_is_told_of_a_board_that_is_not_there() -> None:
    assert leaderboard().past("elsewhere", datetime(2030, 1, 1, tzinfo=UTC)) is None
