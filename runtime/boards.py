"""Board definitions from YAML files."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from contracts.board import Board


class InvalidBoardError(Exception):
    """A board file that cannot be used; the message names the file and every problem."""


def load_boards(folder: Path) -> dict[str, Board]:
    """Every `*.yaml` in the folder, by board name, in the order of their file names."""
    boards = [read_board(path) for path in sorted(folder.glob("*.yaml"))]
    if not boards:
        raise InvalidBoardError(f"{folder}: holds no *.yaml board definition")
    return {board.name: board for board in boards}


def read_board(path: Path) -> Board:
    try:
        board = Board.model_validate(yaml.safe_load(path.read_text()))
    except yaml.YAMLError as fault:
        raise InvalidBoardError(f"{path}: not YAML: {fault}") from fault
    except ValidationError as fault:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'board'}: {problem['msg']}"
            for problem in fault.errors()
        )
        raise InvalidBoardError(f"{path}: {problems}") from fault
    if board.name != path.stem:
        raise InvalidBoardError(f"{path}: its name is {board.name!r}; name the file after it")
    return board
