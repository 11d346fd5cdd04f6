"""Board definitions from YAML files, and what may be wrong with one."""

import difflib
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from contracts.board import Board, BoardTask, Limits, Subtask

_FIELDS = sorted(
    {name for model in (Board, BoardTask, Limits, Subtask) for name in model.model_fields}
)


class Problem(BaseModel):
    """One thing that is wrong with a board file."""

    where: str
    """The field, such as `tasks.bbh.metrics.0`; list items go by their name where they have one."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class InvalidBoardError(Exception):
    """A board file that cannot be used; the message names the file and every problem."""


@dataclass(frozen=True)
class BoardFile:
    """What could be read of a board file."""

    board: Board | None
    """None when there are problems."""
    tasks: Mapping[str, BoardTask]
    """Those that are valid by themselves, by where they stand, such as `tasks.bbh`."""
    problems: tuple[Problem, ...]


def load_boards(folder: Path) -> dict[str, Board]:
    """Every `*.yaml` in the folder, by board name, in the order of their file names."""
    boards = [read_board(path) for path in sorted(folder.glob("*.yaml"))]
    if not boards:
        raise InvalidBoardError(f"{folder}: holds no *.yaml board definition")
    return {board.name: board for board in boards}


def read_board(path: Path) -> Board:
    file = examine_board(path)
    if file.board is None:
        raise InvalidBoardError(f"{path}: {'; '.join(map(str, file.problems))}")
    return file.board


def write_boards(boards: Iterable[Board], folder: Path) -> None:
    """Make these the only boards in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.yaml"):
        old.unlink()
    for board in boards:
        fields = board.model_dump(mode="json", exclude_defaults=True)
        (folder / f"{board.name}.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))


def examine_board(path: Path) -> BoardFile:
    """Read a board file as far as it can be read. Fields that no board has are problems: left out
    by mistake, `shots` would score other prompts than meant."""
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as fault:
        return _unreadable(f"cannot be read: {fault}")
    except yaml.YAMLError as fault:
        return _unreadable(f"not YAML: {fault}")
    problems = [
        Problem(where=_place(problem["loc"], data).removesuffix(".[key]"), what=_what(problem))
        for problem in _faults(Board, data)
    ]
    name = data.get("name") if isinstance(data, dict) else None
    if isinstance(name, str) and name != path.stem:
        problems.append(
            Problem(where="name", what=f"its name is {name!r}; name the file {name}.yaml")
        )
    return BoardFile(
        board=None if problems else Board.model_validate(data),
        tasks=_valid_tasks(data),
        problems=tuple(problems),
    )


def _unreadable(what: str) -> BoardFile:
    return BoardFile(None, {}, (Problem(where="board", what=what),))


def _valid_tasks(data: Any) -> dict[str, BoardTask]:
    tasks = data.get("tasks") if isinstance(data, dict) else None
    return {
        _place(("tasks", number), data): BoardTask.model_validate(task)
        for number, task in enumerate(tasks if isinstance(tasks, list) else ())
        if not _faults(BoardTask, task)
    }


def _faults(model: type[BaseModel], data: Any) -> Sequence[Any]:
    try:
        model.model_validate(data, extra="forbid")
    except ValidationError as fault:
        return fault.errors()
    return ()


def _what(problem: Mapping[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(problem["loc"][-1]), _FIELDS, n=1)
            return "there is no such field" + (f"; is `{near[0]}` meant?" if near else "")
        case "model_type":
            return f"holds no fields (`name: value`) but {reprlib.repr(problem['input'])}"
    return str(problem["msg"]).removeprefix("Value error, ")


def _place(path: Sequence[int | str], data: Any) -> str:
    """`("tasks", 1, "subtasks", 0)` as `tasks.bbh.subtasks.leaderboard_bbh_snarks`."""
    names: list[str] = []
    for step in path:
        names.append(_name(step, data))
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
    return ".".join(names) or "board"


def _name(step: int | str, data: Any) -> str:
    if isinstance(step, int) and isinstance(data, list) and isinstance(data[step], dict):
        for key in ("id", "harness_task"):
            name = data[step].get(key)
            if name and [isinstance(item, dict) and item.get(key) for item in data].count(name) < 2:
                return str(name)
    return str(step)
