"""The board that ships, against rows that the Open LLM Leaderboard has published."""

import csv
import gzip
import json
import os
from pathlib import Path

import pytest

from contracts.evaluation import EvaluationTaskScored, HarnessResult
from runtime.boards import read_board
from runtime.settings import REPOSITORY
from services.aggregator.normalization import normalized, score_task

PUBLISHED = Path(os.environ.get("PODIUM_SHARED", REPOSITORY.parent / "shared")) / "published"
BOARD = read_board(REPOSITORY / "boards" / "open-llm-v2.yaml")
COLUMNS = {task.title: task for task in BOARD.tasks}


def published(name: str) -> Path:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{path} is absent; the published data is not part of this repository")
    return path


@pytest.mark.parametrize("title", COLUMNS)
def test_a_published_column_follows_from_its_published_subtasks(title: str) -> None:
    published_model = json.loads(published("results-EleutherAI-pythia-160m.json").read_text())
    sizes = json.loads(published("n_samples_per_subtask.json").read_text())
    scored = EvaluationTaskScored(
        sid="0" * 20,
        run=1,
        attempt=1,
        board="b",
        task="t",
        results=tuple(
            HarnessResult(
                task=name,
                version="",
                shots=0,
                samples=sizes[name],
                metrics={key: value for key, value in result.items() if key != "alias"},
                stderrs={},
            )
            for name, result in published_model["results"].items()
            if name in sizes
        ),
        seconds=1,
        engine="hf",
        versions={},
    )

    score = score_task(COLUMNS[title], scored)

    row = published_model["contents_row"]
    assert score.raw == pytest.approx(float(row[f"{title} Raw"]), abs=1e-9)
    assert score.normalized == pytest.approx(float(row[title]), abs=1e-9)


@pytest.mark.parametrize("title", ["IFEval", "MATH Lvl 5", "GPQA", "MMLU-PRO"])
def test_every_published_row_is_normalized_by_our_formula(title: str) -> None:
    with gzip.open(published("contents-2025-02-12.csv.gz"), "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    differences = [
        abs(normalized(float(row[f"{title} Raw"]), COLUMNS[title].floor) - float(row[title]))
        for row in rows
    ]

    assert len(rows) == 3827
    assert max(differences) < 1e-9
