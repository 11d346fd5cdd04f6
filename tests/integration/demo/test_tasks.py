import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter

from demo.data_sets import write_task_data
from demo.questions import QuestionSet, question_sets
from demo.recipes import NAMESPACE
from localhub.process import running_localhub
from runtime.boards import read_board

REPOSITORY = Path(__file__).parents[3]
SETS = {f"podium_demo_{questions.name}": questions for questions in question_sets()}


class Rendered(BaseModel):
    """One task as the harness sees it."""

    documents: int
    requests: list[list[str]]
    targets: list[str]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendered]:
    """What lm-eval makes of the board's tasks, with the data served by a localhub."""
    root = tmp_path_factory.mktemp("hub")
    write_task_data(list(SETS.values()), root / "datasets" / NAMESPACE)
    (root / "models").mkdir()
    board = read_board(REPOSITORY / "demo" / "boards" / "demo.yaml")
    with running_localhub(root) as url:
        ended = subprocess.run(
            [
                sys.executable,
                str(Path(__file__).with_name("rendering.py")),
                str(REPOSITORY / "demo" / "tasks"),
                *(task.harness_task for task in board.tasks),
            ],
            env=os.environ
            | {
                "HF_ENDPOINT": url,
                "HF_HOME": str(tmp_path_factory.mktemp("cache")),
                "HF_UPDATE_DOWNLOAD_COUNTS": "0",
                "HF_HUB_DISABLE_TELEMETRY": "1",
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ended.returncode == 0, ended.stderr
    return TypeAdapter(dict[str, Rendered]).validate_python(
        json.loads(ended.stdout.splitlines()[-1])
    )


def test_the_boards_tasks_are_all_the_leaf_tasks_there_are(rendered: dict[str, Rendered]) -> None:
    assert set(rendered) == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_every_test_question_is_rendered(rendered: dict[str, Rendered], name: str) -> None:
    questions: QuestionSet = SETS[name]

    assert rendered[name].documents == len(questions.test)
    asked = {request[0].rpartition("\n\n")[2] for request in rendered[name].requests}
    assert asked == {question.prompt for question in questions.test}


@pytest.mark.parametrize("name", [name for name in SETS if name != "podium_demo_arithmetic"])
def test_each_choice_is_one_request_and_the_target_is_gold(
    rendered: dict[str, Rendered], name: str
) -> None:
    expected = [f" {choice}" for question in SETS[name].test for choice in question.choices]

    assert [request[1] for request in rendered[name].requests] == expected
    assert rendered[name].targets == [str(question.gold) for question in SETS[name].test]


def test_a_generated_answers_target_is_the_answer(rendered: dict[str, Rendered]) -> None:
    arithmetic = SETS["podium_demo_arithmetic"].test

    assert rendered["podium_demo_arithmetic"].targets == [found.answer for found in arithmetic]
