"""A changed definition: every row follows, and what moved can be read."""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.base import Event
from contracts.board import Board
from contracts.views import Entry, Move, Rescoring
from services.aggregator.facts import Fact
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.normalization import scoring_version
from services.aggregator.rescoring import Pair, changes, rescoring
from tests.unit.aggregator.story import (
    BOARD,
    MORNING,
    accepted,
    as_facts,
    defined,
    finished,
    received,
    scored,
    sid_of,
    started,
)

HARDER = BOARD.model_copy(
    update={
        # Chance counts for more: "facts" falls, "logic" stays.
        "tasks": (BOARD.tasks[0].model_copy(update={"choices": 2}), BOARD.tasks[1]),
        "version": 4,
    }
)


def life(repo_id: str, facts: float, logic: float) -> tuple[Event, ...]:
    return (
        received(repo_id),
        accepted(repo_id),
        started(repo_id),
        scored("facts", facts, repo_id=repo_id),
        scored("logic", logic, logic, repo_id=repo_id),
        finished(repo_id),
    )


def leaderboard(*events: Event, board: Board = HARDER) -> Leaderboard:
    folded = Leaderboard({board.name: board})
    take(folded, *events)
    return folded


def take(folded: Leaderboard, *events: Event) -> None:
    for n, event in enumerate(events, start=folded.position + 1):
        folded.take(Fact(event, UUID(int=n), MORNING + timedelta(minutes=n), n))
    list(folded.render())
    list(folded.rescore())


def rescorings(folded: Leaderboard) -> list[Rescoring]:
    return [
        Rescoring.model_validate_json(folded.views[subject])
        for subject in folded.views
        if subject.startswith(Rescoring.type_name())
    ]


FIRST = life("acme/first", facts=0.85, logic=0.9)
SECOND = life("acme/second", facts=0.4, logic=1.0)


def test_what_moved_is_told_with_averages_and_ranks() -> None:
    folded = leaderboard(defined(BOARD), *FIRST, *SECOND, defined(HARDER))

    [view] = rescorings(folded)

    assert (view.old_version, view.version, view.sequence) == (3, 4, 14)
    assert view.at == MORNING + timedelta(minutes=14)
    assert view.scoring_version == scoring_version(HARDER)
    assert (view.rows, view.moved) == (2, 2)
    assert [move.repo_id for move in view.moves] == ["acme/second", "acme/first"]
    second, first = view.moves
    assert (second.before, second.after) == (60, 50)
    assert (first.before, first.after) == (81.875, 76.875)
    assert (first.rank_before, first.rank_after) == (1, 1)
    assert (second.rank_before, second.rank_after) == (2, 2)


def test_the_rows_themselves_follow_the_new_definition() -> None:
    folded = leaderboard(defined(BOARD), *FIRST, defined(HARDER))

    subject = Entry.subject_filter(board=BOARD.name, sid=sid_of("acme/first"))
    entry = Entry.model_validate_json(folded.views[subject])

    assert entry.scores["facts"].normalized == pytest.approx(70)
    assert (entry.board_version, entry.scoring_version) == (4, scoring_version(HARDER))


def test_rows_at_chance_do_not_move() -> None:
    folded = leaderboard(
        defined(BOARD), *life("acme/chance", facts=0.1, logic=0.9), *FIRST, defined(HARDER)
    )

    [view] = rescorings(folded)

    assert (view.rows, view.moved) == (2, 1)


def test_what_happened_after_the_change_is_no_part_of_it() -> None:
    folded = leaderboard(defined(BOARD), *FIRST, defined(HARDER), *SECOND)

    [view] = rescorings(folded)

    assert view.rows == 1


def test_a_row_that_loses_its_average_comes_first() -> None:
    """The new definition asks for a subtask that no run has scored."""
    demanding = BOARD.tasks[1].subtasks[0].model_copy(update={"harness_task": "logic_nine"})
    logic = BOARD.tasks[1].model_copy(update={"subtasks": (demanding, BOARD.tasks[1].subtasks[1])})
    board = BOARD.model_copy(update={"tasks": (BOARD.tasks[0], logic), "version": 4})

    [view] = rescorings(leaderboard(defined(BOARD), *FIRST, defined(board), board=board))

    assert view.moves == (
        Move(
            sid=sid_of("acme/first"),
            repo_id="acme/first",
            before=view.moves[0].before,
            after=None,
            rank_before=1,
            rank_after=None,
        ),
    )


def test_rows_that_moved_by_more_places_come_first() -> None:
    [change] = changes({fact.id: fact for fact in as_facts(defined(BOARD), defined(HARDER))})
    pairs = [
        Pair("a" * 20, "acme/first", 90.0, 80.0),
        Pair("b" * 20, "acme/falls", 50.0, 49.0),
        Pair("c" * 20, "acme/rises-a-little", 49.5, 49.4),
        Pair("d" * 20, "acme/rises-more", 49.4, 49.5),
    ]

    moves = rescoring(change, pairs).moves

    assert [(move.repo_id, move.rank_before, move.rank_after) for move in moves] == [
        ("acme/falls", 2, 4),
        ("acme/rises-more", 4, 2),
        ("acme/first", 1, 1),
        ("acme/rises-a-little", 3, 3),
    ]


def test_a_first_definition_and_a_repeated_one_move_nothing() -> None:
    assert rescorings(leaderboard(*FIRST, defined(HARDER), defined(HARDER))) == []


def test_a_definition_that_events_do_not_know_is_to_be_published_once() -> None:
    folded = leaderboard(defined(BOARD), *FIRST)

    [due] = folded.new_definitions()
    [again] = folded.new_definitions()
    take(folded, due.event)

    assert due.event == defined(HARDER)
    assert due.envelope.id == again.envelope.id
    assert list(folded.new_definitions()) == []


def test_a_definition_that_comes_back_is_another_event() -> None:
    folded = leaderboard(board=BOARD)
    [first] = folded.new_definitions()
    folded.take(Fact(first.event, first.envelope.id, MORNING, 1))
    folded.take(Fact(defined(HARDER), UUID(int=2), MORNING, 2))

    [back] = folded.new_definitions()

    assert back.event == first.event
    assert back.envelope.id != first.envelope.id


def test_a_fold_that_goes_on_from_another_has_the_same_views() -> None:
    whole = leaderboard(defined(BOARD), *FIRST, *SECOND, defined(HARDER), *life("acme/c", 1, 1))
    first = leaderboard(defined(BOARD), *FIRST, *SECOND, defined(HARDER))
    resumed = Leaderboard({HARDER.name: HARDER}, first.state())
    take(resumed, *life("acme/c", 1, 1))

    assert dict(resumed.views) == dict(whole.views)
    assert len(rescorings(resumed)) == 1
