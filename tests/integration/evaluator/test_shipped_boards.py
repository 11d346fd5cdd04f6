import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.board import Board
from localhub.process import running_localhub
from runtime.boards import load_boards
from runtime.settings import REPOSITORY

BENCHMARKS = REPOSITORY.parent / "shared" / "bench"
BOARDS = load_boards(REPOSITORY / "boards").values()


@pytest.fixture(scope="module")
def hub_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hub with the real benchmarks, as `namespace__name` folders lie in shared/bench."""
    if not BENCHMARKS.exists():
        pytest.skip(f"{BENCHMARKS} is absent; real benchmark data is not part of this repository")
    root = tmp_path_factory.mktemp("hub")
    (root / "models").mkdir()
    for folder in BENCHMARKS.glob("*__*"):
        shutil.copytree(folder, root / "datasets" / Path(*folder.name.split("__", 1)))
    return root


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_task_of_a_shipped_board_loads_in_lm_eval_and_reports_its_metric(
    board: Board, hub_root: Path, tmp_path: Path
) -> None:
    with running_localhub(hub_root) as url:
        loaded = subprocess.run(
            [
                *(sys.executable, Path(__file__).with_name("load_tasks.py")),
                *(task.harness_task for task in board.tasks),
            ],
            env=os.environ
            | {"HF_ENDPOINT": url, "HF_HOME": str(tmp_path), "HF_UPDATE_DOWNLOAD_COUNTS": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert loaded.returncode == 0, loaded.stderr[-3000:]
    leaves = json.loads(loaded.stdout.splitlines()[-1])

    assert set(leaves) == {name for task in board.tasks for name in task.harness_tasks}
    for task in board.tasks:
        for name in task.harness_tasks:
            assert leaves[name]["documents"] > 0
            assert set(task.metrics) <= set(leaves[name]["metrics"])
