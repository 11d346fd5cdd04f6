"""The board that ships, against what the Open LLM Leaderboard has published."""

import json

import pytest

from contracts.evaluation import EvaluationTaskScored, HarnessResult
from runtime.boards import read_board
from runtime.settings import REPOSITORY
from services.aggregator.normalization import score_task
from tests.contents import published

BOARD = read_board(REPOSITORY / "boards" / "open-llm-v2.yaml")
COLUMNS = {task.title: task for task in BOARD.tasks}


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
