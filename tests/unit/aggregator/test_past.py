"""A board as it was equals what stood then, and so does the course of each average."""

from datetime import UTC, datetime, timedelta

from contracts.base import Event
from contracts.moderation import ModelFlagged, ModelRemoved, ModelRenamed, ModelRestored
from contracts.views import Departed, Entry, Level
from services.aggregator.leaderboard import Leaderboard
from tests.unit.aggregator.story import (
    BOARD,
    MORNING,
    accepted,
    as_facts,
    defined,
    received,
    scored,
    sid_of,
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
    """Rows as JSON, by submission; without what is told of the past."""
    return {
        sid: row.model_copy(update={"averages": ()}).model_dump_json()
        for sid, row in told(folded).items()
        if isinstance(row, Entry)
    }


def told(folded: Leaderboard) -> dict[str, Entry | Departed]:
    """What is said of rows, by submission."""
    rows: dict[str, Entry | Departed] = {}
    for subject in list(folded.views.digests):
        for kind in (Entry, Departed):
            if subject.startswith(f"{kind.type_name()}."):
                row = kind.model_validate_json(folded.views[subject])
                assert row.sid not in rows
                rows[row.sid] = row
    return rows


def averages_at(rows: dict[str, Entry | Departed], at: datetime) -> dict[str, float | None]:
    """By submission, as their courses have it."""
    found = {}
    for sid, row in rows.items():
        levels = [level.average for level in row.averages if level.since <= at]
        found[sid] = levels[-1] if levels else None
    return found


def averages_then(folded: Leaderboard, at: datetime) -> dict[str, float | None]:
    """By submission, as the whole board of that time has it."""
    then = {row.sid: row.average for row in entries(was(folded, at))}
    return {sid: then.get(sid) for sid in told(folded)}


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


ROUND_ABOUT = [
    *(MORNING + timedelta(seconds=30 * n) for n in range(2 * len(STORY) + 20)),
    *(SUBMITTED + timedelta(days=n) for n in (-1, 0, 1)),
]


def test_the_course_of_each_average_is_what_boards_of_the_past_show() -> None:
    folded = leaderboard(*STORY, received("acme/other"), ROW, RESULTS)

    rows = told(folded)

    for at in ROUND_ABOUT:
        assert averages_at(rows, at) == averages_then(folded, at)
    before, off, after = (level.average for level in rows[sid_of("acme/second")].averages)
    assert off is None
    assert before
    assert after
    assert before < after


def test_a_course_follows_definitions_and_removals() -> None:
    folded = Leaderboard({BOARD.name: HARDER})
    story = (
        defined(),
        *life("acme/first", 0.8, 0.9),
        *life("acme/second", 0.5, 0.6),
        ROW,
        defined(HARDER),
        ModelRemoved(repo_id="acme/second", reason="Its authors asked for it.", by="mod"),
        ModelRenamed(repo_id="acme/second", new_repo_id="acme/gone", by="mod"),
    )
    for fact in as_facts(*story):
        folded.take(fact)
    list(folded.render())

    rows = told(folded)

    for at in ROUND_ABOUT:
        assert averages_at(rows, at) == averages_then(folded, at)
    second = rows[sid_of("acme/second")]
    assert isinstance(second, Departed)
    assert [level.average for level in second.averages[2:]] == [None]
    assert [level.since for level in rows[sid_of("acme/first")].averages] == [
        MORNING + timedelta(minutes=n) for n in (6, 15)
    ]


def test_a_row_that_comes_back_is_told_of_once() -> None:
    removed = ModelRemoved(repo_id="acme/first", reason="Its authors asked for it.", by="mod")
    back = ModelRestored(repo_id="acme/first", reason="They came back.", by="mod")
    gone = told(leaderboard(*life("acme/first", 0.8, 0.9), removed))
    restored = told(leaderboard(*life("acme/first", 0.8, 0.9), removed, back))

    assert [type(row) for row in gone.values()] == [Departed]
    [row] = restored.values()
    assert isinstance(row, Entry)
    assert row.averages == (
        Level(since=MORNING + timedelta(minutes=5), average=row.average),
        Level(since=MORNING + timedelta(minutes=7), average=None),
        Level(since=MORNING + timedelta(minutes=8), average=row.average),
    )


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
