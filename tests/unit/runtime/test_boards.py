from pathlib import Path

import pytest
import yaml

from contracts.board import Board, BoardTask
from runtime.boards import (
    InvalidBoardError,
    examine_board,
    load_boards,
    read_board,
    write_boards,
)
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


def test_boards_are_written_as_they_were_read(tmp_path: Path) -> None:
    boards = load_boards(REPOSITORY / "boards")
    write(tmp_path, BOARD)

    write_boards(boards.values(), tmp_path)

    assert load_boards(tmp_path) == boards


def test_each_problem_is_named_with_its_field(tmp_path: Path) -> None:
    task = TASK | {"shot": 5, "subtasks": [{"harness_task": "a"}, {"harnes_task": "b"}]}
    path = write(tmp_path, BOARD | {"tasks": [TASK, task, 3], "version": 0})

    assert {str(problem) for problem in examine_board(path).problems} == {
        "version: Input should be greater than or equal to 1",
        "tasks.1.shot: there is no such field; is `shots` meant?",
        "tasks.1.subtasks.1.harness_task: Field required",
        "tasks.1.subtasks.1.harnes_task: there is no such field; is `harness_task` meant?",
        "tasks.2: holds no fields (`name: value`) but 3",
    }
    assert set(examine_board(path).tasks) == {"tasks.0"}


@pytest.mark.parametrize("content", ["[]", "", "3"])
def test_a_file_that_holds_no_fields_is_no_board(tmp_path: Path, content: str) -> None:
    [problem] = examine_board(write(tmp_path, content)).problems

    assert problem.where == "board"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").mkdir()

    with pytest.raises(InvalidBoardError, match=r"board: cannot be read: .*Is a directory"):
        load_boards(tmp_path)
