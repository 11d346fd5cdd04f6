"""What the Open LLM Leaderboard has published, read, folded and compared digit by digit."""

import json
from collections.abc import Mapping

import pytest

from cli.importing.contents import Contents, read_contents
from cli.importing.results import read_results
from cli.importing.scores import AVERAGE
from cli.importing.tables import read_rows
from contracts.views import Entry
from runtime.boards import read_board
from runtime.settings import REPOSITORY
from services.aggregator.normalization import normalized
from tests.contents import published
from tests.unit.aggregator.imported import folded

BOARD = read_board(REPOSITORY / "boards" / "open-llm-v2.yaml")


@pytest.fixture(scope="module")
def rows() -> list[Mapping[str, object]]:
    return list(read_rows(published("contents-2025-02-12.csv.gz")))


@pytest.fixture(scope="module")
def contents(rows: list[Mapping[str, object]]) -> Contents:
    return read_contents(rows, BOARD, "open-llm-leaderboard/contents")


@pytest.fixture(scope="module")
def entries(contents: Contents) -> dict[str, Entry]:
    return folded(contents.events, BOARD)


def test_every_published_row_is_accepted(contents: Contents, entries: dict[str, Entry]) -> None:
    assert contents.problems == ()
    assert len(contents.events) == len(entries) == 3827


def test_every_published_average_comes_out_to_the_last_bit(
    rows: list[Mapping[str, object]], contents: Contents, entries: dict[str, Entry]
) -> None:
    different = [
        event.model.repo_id
        for row, event in zip(rows, contents.events, strict=True)
        if entries[event.sid].average != float(str(row[AVERAGE]))
    ]

    assert different == []


def test_every_column_that_its_raw_score_determines_follows_from_it(
    rows: list[Mapping[str, object]],
) -> None:
    tasks = [task for task in BOARD.tasks if not task.normalizes_subtasks]
    assert [task.title for task in tasks] == ["IFEval", "MATH Lvl 5", "GPQA", "MMLU-PRO"]

    for task in tasks:
        for row in rows:
            raw, score = float(str(row[f"{task.title} Raw"])), float(str(row[task.title]))
            assert abs(normalized(raw, task.floor) - score) < 1e-12


def test_the_first_versions_averages_are_plain_means() -> None:
    by_column = json.loads(published("v1-rows-285.json").read_text())
    rows = [{name: by_column[name][key] for name in by_column} for key in by_column["T"]]
    board = read_board(REPOSITORY / "boards" / "open-llm-v1.yaml")

    contents = read_contents(rows, board, "v1")

    assert contents.problems == ()
    entries = folded(contents.events, board)
    assert len(entries) == 285
    for row, event in zip(rows, contents.events, strict=True):
        # Published with two digits.
        assert entries[event.sid].average == pytest.approx(row[AVERAGE], abs=0.0101)


def test_published_results_give_the_published_row(
    contents: Contents, entries: dict[str, Entry]
) -> None:
    file = published("results-EleutherAI-pythia-160m.json")
    row = json.loads(file.read_text())["contents_row"]
    # The card that it was transcribed from leaves out what names the weights.
    weights = f"revision={row['Model sha']},dtype={row['Precision']}"

    found = read_results(
        [file], BOARD, "results", model_args=f"pretrained={row['fullname']},{weights}"
    )

    assert found.problems == ()
    [entry] = folded(found.events, BOARD).values()
    expected = entries[entry.sid]
    assert entry.average == pytest.approx(float(row[AVERAGE]), abs=1e-9)
    for task, cell in expected.scores.items():
        assert entry.scores[task].raw == pytest.approx(cell.raw, abs=1e-9)
        assert entry.scores[task].normalized == pytest.approx(cell.normalized, abs=1e-9)
    assert len(entry.scores["bbh"].subtasks) == 24
