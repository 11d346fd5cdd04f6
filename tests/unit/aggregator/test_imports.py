"""Rows of other boards among our own."""

from datetime import UTC, datetime

import pytest

from contracts.base import Event
from contracts.board import Board
from contracts.imports import (
    ImportedScore,
    ImportedTask,
    RequestImported,
    ResultsImported,
    RowImported,
)
from contracts.models import ModelType
from contracts.moderation import ModelFlagged, ModelRenamed, ModelUnflagged, ProviderNamed
from contracts.views import Entry, Origin, Request
from services.aggregator.leaderboard import Leaderboard
from tests.unit.aggregator.story import (
    BOARD,
    accepted,
    as_facts,
    finished,
    model,
    received,
    scored,
    sid_of,
    started,
)

SID = sid_of()
SUBMITTED = datetime(2024, 8, 5, tzinfo=UTC)
ROW = RowImported(
    sid=SID,
    board=BOARD.name,
    source="acme/contents",
    model=model(),
    model_type=ModelType.CHAT,
    scores={
        "facts": ImportedScore(raw=0.55, normalized=40),
        "logic": ImportedScore(raw=0.68, normalized=50),
    },
    architecture="MistralForCausalLM",
    likes=7,
    is_available=False,
    submitted_at=SUBMITTED,
    co2_kg=0.5,
)
RESULTS = ResultsImported(
    sid=SID,
    board=BOARD.name,
    source="results.json",
    model=model(),
    tasks=(
        ImportedTask(task="facts", results=scored("facts", 0.7).results),
        ImportedTask(task="logic", results=scored("logic", 0.75, 0.6).results),
    ),
    parameters=5,
)
EVALUATED = (
    received(),
    accepted(),
    started(),
    scored("facts", 0.85),
    scored("logic", 0.75, 0.6),
    finished(),
)


def views(*events: Event, board: Board = BOARD) -> tuple[Entry | None, Request | None]:
    leaderboard = Leaderboard({board.name: board})
    for fact in as_facts(*events):
        leaderboard.take(fact)
    list(leaderboard.render())
    entry = leaderboard.views.get(Entry.subject_filter(board=board.name, sid=SID))
    request = leaderboard.views.get(Request.subject_filter(sid=SID))
    return (
        Entry.model_validate_json(entry) if entry else None,
        Request.model_validate_json(request) if request else None,
    )


def entry(*events: Event, board: Board = BOARD) -> Entry:
    found, _ = views(*events, board=board)
    assert found
    return found


def test_an_imported_row_is_on_the_board_and_says_where_from() -> None:
    row = entry(ROW)

    assert (row.origin, row.source) == (Origin.IMPORTED, "acme/contents")
    assert (row.average, row.provisional) == (45, False)
    assert (row.likes, row.is_available, row.submitted_at) == (7, False, SUBMITTED)
    assert (row.co2_kg, row.run, row.average_stderr) == (0.5, 0, None)


def test_an_imported_row_was_never_requested_here() -> None:
    assert views(ROW)[1] is None


def test_the_last_import_counts() -> None:
    better = ROW.model_copy(update={"likes": 9})

    assert entry(ROW, better).likes == 9


def test_an_imported_row_without_a_task_is_provisional() -> None:
    row = entry(ROW.model_copy(update={"scores": {"facts": ROW.scores["facts"]}}))

    assert (row.average, row.outstanding) == (None, ("logic",))


def test_results_are_computed_from_their_subtasks_and_described_by_the_row() -> None:
    row = entry(RESULTS, ROW)

    assert row.average == pytest.approx((60 + 50) / 2)
    assert row.scores["facts"].stderr is not None
    assert [part.raw for part in row.scores["logic"].subtasks] == [0.75, 0.6]
    assert (row.architecture, row.model_type) == ("MistralForCausalLM", ModelType.CHAT)
    assert row.average_stderr is not None


def test_results_alone_make_a_row_too() -> None:
    row = entry(RESULTS)

    assert (row.parameters, row.model_type) == (5, ModelType.OTHER)
    assert row.average == pytest.approx(55)


def test_an_evaluation_here_takes_the_place_of_an_import_once_it_is_complete() -> None:
    halfway = entry(ROW, *EVALUATED[:4])
    complete = entry(ROW, *EVALUATED)

    assert (halfway.origin, halfway.average) == (Origin.IMPORTED, 45)
    assert (complete.origin, complete.source) == (Origin.EVALUATED, "")
    assert complete.average == pytest.approx((80 + 50) / 2)


def test_an_import_takes_no_place_of_an_evaluation() -> None:
    assert entry(*EVALUATED, ROW).origin is Origin.EVALUATED


def test_what_only_the_import_knows_of_the_repository_stays() -> None:
    row = entry(ROW, *EVALUATED)

    assert (row.likes, row.is_available) == (7, False)


def test_both_are_in_the_history() -> None:
    _, request = views(*EVALUATED, ROW)

    assert request
    assert (request.history[-1].what, request.history[-1].note) == (
        "import.row",
        "from acme/contents",
    )


def test_an_imported_request_knows_the_second_and_starts_nothing() -> None:
    asked = RequestImported(
        sid=SID,
        board=BOARD.name,
        source="acme/requests",
        model=model(),
        model_type=ModelType.MERGE,
        status="FINISHED",
        submitter="ada",
        submitted_at=SUBMITTED.replace(hour=9),
    )

    assert views(asked) == (None, None)
    assert entry(ROW, asked).submitted_at == SUBMITTED.replace(hour=9)
    assert entry(RESULTS, asked).model_type is ModelType.MERGE


def test_a_published_score_stands_to_the_last_bit_while_the_definition_gives_it() -> None:
    rounded = ImportedScore(raw=0.55, normalized=40.00000000000001)
    row = entry(ROW.model_copy(update={"scores": ROW.scores | {"facts": rounded}}))

    assert row.scores["facts"].normalized == 40.00000000000001


def test_a_changed_definition_scores_imported_rows_again() -> None:
    easier = BOARD.tasks[0].model_copy(update={"choices": 2})
    board = BOARD.model_copy(update={"tasks": (easier, *BOARD.tasks[1:]), "version": 4})

    assert entry(ROW, board=board).scores["facts"].normalized == pytest.approx(10)


def test_scores_over_all_documents_do_not_count_on_a_trials_board() -> None:
    assert views(ROW, board=BOARD.model_copy(update={"limit": 5})) == (None, None)


def test_an_imported_model_follows_its_renames() -> None:
    renamed = ModelRenamed(repo_id="acme/tiny", new_repo_id="acme/big", by=None)

    assert entry(ROW, renamed).repo_id == "acme/big"


def test_an_imported_flag_stands_until_a_moderator_here_takes_it_back() -> None:
    flagged = ROW.model_copy(update={"is_flagged": True})
    unflagged = ModelUnflagged(repo_id="acme/tiny", reason="It is fine.", by=None)
    ours = ModelFlagged(repo_id="acme/tiny", reason="Trained on MuSR.", by=None)

    assert (flag := entry(flagged).flag)
    assert flag.reason == "It was flagged on acme/contents."
    assert entry(flagged, unflagged).flag is None
    assert (flag := entry(flagged, ours).flag)
    assert flag.reason == "Trained on MuSR."


def test_rows_of_an_official_provider_are_marked_whenever_it_is_named() -> None:
    named = ProviderNamed(organisation="ACME", reason="They are.", by=None)

    assert not entry(ROW).is_official
    assert entry(ROW, named).is_official
    assert entry(named, *EVALUATED).is_official
    assert entry(ROW.model_copy(update={"is_official": True})).is_official
