from pathlib import Path

import pytest
import yaml

from contracts.board import Board, BoardTask
from runtime.boards import InvalidBoardError, load_boards, read_board
from runtime.settings import REPOSITORY

TASK = {
    "id": "facts",
    "title": "Facts",
    "harness_task": "facts",
    "metrics": ["acc,none"],
    "choices": 4,
}
BOARD = {
    "name": "mine",
    "title": "Mine",
    "version": 1,
    "tasks": [TASK],
    "limits": {"max_parameters": {"bfloat16": 1000}},
}


def write(folder: Path, board: object, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(board if isinstance(board, str) else yaml.safe_dump(board))
    return path


def test_the_boards_that_ship_are_valid() -> None:
    assert set(load_boards(REPOSITORY / "boards")) == {"open-llm-v1", "open-llm-v2"}
    assert set(load_boards(REPOSITORY / "demo" / "boards")) == {"demo"}


@pytest.mark.parametrize(
    ("board", "complaint"),
    [
        ("tasks: [", "not YAML"),
        (BOARD | {"tasks": []}, "tasks: "),
        (BOARD | {"tasks": [TASK, TASK]}, "repeated: facts"),
        (BOARD | {"tasks": [TASK | {"choices": None}]}, "'facts': give `choices`"),
        (BOARD | {"tasks": [TASK | {"lower_bound": 0.5}]}, "not both"),
        (BOARD | {"name": "yours"}, "its name is 'yours'"),
        (
            BOARD
            | {
                "tasks": [
                    TASK
                    | {
                        "choices": None,
                        "subtasks": [{"harness_task": "a", "choices": 2}, {"harness_task": "b"}],
                    }
                ]
            },
            "some subtasks lack",
        ),
    ],
)
def test_a_wrong_board_is_refused_with_the_file_and_the_problem(
    tmp_path: Path, board: object, complaint: str
) -> None:
    path = write(tmp_path, board)

    with pytest.raises(InvalidBoardError) as refused:
        read_board(path)

    assert str(path) in str(refused.value)
    assert complaint in str(refused.value)


def test_a_folder_without_boards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidBoardError, match=r"no \*\.yaml board"):
        load_boards(tmp_path)


def test_the_lower_bound_is_one_over_the_choices_or_as_given() -> None:
    task = BoardTask.model_validate(TASK)
    bounded = BoardTask.model_validate(TASK | {"choices": None, "lower_bound": 0.1})

    assert (task.floor, bounded.floor) == (0.25, 0.1)


def test_a_group_counts_its_subtasks_and_a_plain_task_itself() -> None:
    board = Board.model_validate(BOARD)
    group = BoardTask.model_validate(
        TASK | {"subtasks": [{"harness_task": "a"}, {"harness_task": "b"}]}
    )

    assert board.tasks[0].harness_tasks == ("facts",)
    assert group.harness_tasks == ("a", "b")
    assert not group.normalizes_subtasks
