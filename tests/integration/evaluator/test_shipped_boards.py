import os
import subprocess
import sys
from pathlib import Path

import pytest

from localhub.process import running_localhub
from runtime.board_report import BoardReport
from runtime.boards import read_board
from runtime.settings import REPOSITORY
from tests.real_suites import NLTK_DATA, fill_hub

BOARDS = REPOSITORY / "boards"
# Of GPQA and MATH there are only rows made by the test.
DOCUMENTS = {
    "open-llm-v1": {
        "arc": 1172,
        "hellaswag": 10042,
        "mmlu": 14042,
        "truthfulqa": 817,
        "winogrande": 1267,
        "gsm8k": 1319,
    },
    "open-llm-v2": {
        "ifeval": 541,
        "bbh": 5761,
        "math": 210,
        "gpqa": 90,
        "musr": 756,
        "mmlu-pro": 12032,
    },
}


@pytest.fixture(scope="module")
def hub_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_hub(tmp_path_factory.mktemp("hub"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lm_eval_agrees_with_every_word_of_a_shipped_board(
    name: str, hub_root: Path, tmp_path: Path
) -> None:
    with running_localhub(hub_root) as url:
        answer = subprocess.run(
            [sys.executable, "-m", "services.evaluator.check_board", str(BOARDS / f"{name}.yaml")],
            env=os.environ
            | {
                "HF_ENDPOINT": url,
                "HF_HOME": str(tmp_path),
                "HF_UPDATE_DOWNLOAD_COUNTS": "0",
                "NLTK_DATA": str(NLTK_DATA),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == 0, answer.stderr[-3000:]

    report = BoardReport.model_validate_json(answer.stdout)

    assert (report.problems, report.remarks) == ((), ())
    assert {task.id: task.documents for task in report.tasks} == DOCUMENTS[name]
    board = read_board(BOARDS / f"{name}.yaml")
    assert [task.tasks for task in report.tasks] == [len(t.harness_tasks) for t in board.tasks]
