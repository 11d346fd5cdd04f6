"""python -m services.evaluator.check_board FILE: what lm-eval has to say about a board's tasks.

Prints a BoardReport as JSON. Tasks are loaded with their data, as an evaluation loads them; those
that break the contract are left out."""

import difflib
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from lm_eval.api.task import Task

from contracts.board import BoardTask
from runtime.board_report import BoardReport, TaskSummary
from runtime.boards import Problem, examine_board
from services.evaluator.protocol import HarnessOptions
from services.evaluator.settings import EvaluatorSettings
from services.evaluator.tasks import known_tasks, load_tasks

_NAMES_SHOWN = 5


def check_board(path: Path, options: HarnessOptions) -> BoardReport:
    problems: list[Problem] = []
    remarks: list[Problem] = []
    summaries: list[TaskSummary] = []
    for where, board_task in examine_board(path).tasks.items():
        before = len(problems)
        members = _load(where, board_task, options, problems)
        if members is None:
            continue
        problems += _membership(where, board_task, members)
        remarks += _left_out(where, board_task, members)
        counted = [members[name] for name in board_task.harness_tasks if name in members]
        problems += _disagreements(where, board_task, counted or list(members.values()))
        if len(problems) == before:
            summaries.append(_summary(board_task, counted))
    return BoardReport(problems=tuple(problems), remarks=tuple(remarks), tasks=tuple(summaries))


def _load(
    where: str, board_task: BoardTask, options: HarnessOptions, problems: list[Problem]
) -> dict[str, Task] | None:
    """The tasks by name, or None and a problem more."""
    name, known = board_task.harness_task, known_tasks(options)
    if name not in known:
        what = f"lm-eval knows no task or group {name!r}{_meant(name, known)}"
        problems.append(Problem(where=f"{where}.harness_task", what=what))
        return None
    try:
        return load_tasks(name, options)
    # A task is code and data of anybody's, and whatever they raise is what its operator must see.
    except Exception as fault:
        what = f"{name} does not load: {type(fault).__name__}: {' '.join(str(fault).split())[:500]}"
        problems.append(Problem(where=f"{where}.harness_task", what=what))
        return None


def _membership(where: str, board_task: BoardTask, members: dict[str, Task]) -> Iterator[Problem]:
    group, asked = board_task.harness_task, board_task.harness_tasks
    if not board_task.subtasks and group not in members:
        yield Problem(
            where=f"{where}.subtasks",
            what=f"{group} is a group; list which of its {len(members)} tasks count:"
            f" {_shortened(members)}",
        )
        return
    for name in asked:
        if name not in members:
            yield Problem(
                where=f"{where}.subtasks.{name}",
                what=f"{group} has no member {name!r}{_meant(name, members)}",
            )
    for name in sorted({name for name in asked if asked.count(name) > 1}):
        yield Problem(where=f"{where}.subtasks", what=f"{name} is listed more than once")


def _left_out(where: str, board_task: BoardTask, members: dict[str, Task]) -> Iterator[Problem]:
    left_out = [name for name in members if name not in board_task.harness_tasks]
    if left_out and board_task.subtasks:
        yield Problem(
            where=f"{where}.subtasks",
            what=f"{len(left_out)} of {len(members)} members of {board_task.harness_task} do not"
            f" count: {_shortened(left_out)}",
        )


def _disagreements(where: str, board_task: BoardTask, counted: Sequence[Task]) -> Iterator[Problem]:
    """What the board says of its tasks and they do not; one problem for all that are alike."""
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for task in counted:
        for field, what in (
            *((f"{where}.harness_task", what) for what in _obstacles(task)),
            *((f"{where}.metrics", what) for what in _metric_faults(board_task, task)),
            *((f"{where}.shots", what) for what in _shot_faults(board_task, task)),
            *((f"{where}.choices", what) for what in _choice_faults(board_task, task)),
        ):
            names[field, what].append(task.task_name)
    for (field, what), tasks in names.items():
        yield Problem(where=field, what=f"{_shortened(tasks)}: {what}")


def _obstacles(task: Task) -> Iterator[str]:
    if getattr(task, "UNSAFE_CODE", False):
        yield "it executes what the model writes, which Podium does not do"
    if getattr(task, "MULTIMODAL", False):
        yield "it asks about images or sound; Podium runs text models"


def _metric_faults(board_task: BoardTask, task: Task) -> Iterator[str]:
    filters = [pipeline.name for pipeline in task._filters]
    direction = {
        f"{metric},{name}": higher_is_better
        for metric, higher_is_better in task.higher_is_better().items()
        for name in filters
    }
    # A metric that is a function may report under other names than its own.
    is_open = any(callable(metric["metric"]) for metric in task.get_config("metric_list") or ())
    for metric in board_task.metrics:
        if metric not in direction and not is_open:
            yield f"it does not report {metric!r} but {', '.join(direction)}"
        if direction.get(metric) is False:
            yield f"{metric!r} is better the lower it is, and a board ranks the highest first"


def _shot_faults(board_task: BoardTask, task: Task) -> Iterator[str]:
    if board_task.shots and task.get_config("num_fewshot") == 0:
        yield "it is defined with 0 shots, which lm-eval keeps; leave `shots` out"
    elif _shots(board_task, task) > len(task.sampler.df):
        yield f"it has {len(task.sampler.df)} documents to take examples from"


def _choice_faults(board_task: BoardTask, task: Task) -> Iterator[str]:
    declared = next(
        (part.choices for part in board_task.subtasks if part.harness_task == task.task_name), None
    )
    declared = declared or board_task.choices
    if declared is None:
        return
    found = _choices(task)
    if found is None:
        yield "its answers are not chosen; give a `lower_bound` instead, 0 for free text"
    elif not found[0] <= declared <= found[1]:
        fewest, most = found
        range_ = str(most) if fewest == most else f"{fewest} to {most}"
        yield f"its questions have {range_} answers, not {declared}"


def _summary(board_task: BoardTask, counted: Sequence[Task]) -> TaskSummary:
    ranges = [found for found in map(_choices, counted) if found]
    return TaskSummary(
        id=board_task.id,
        harness_task=board_task.harness_task,
        tasks=len(counted),
        documents=sum(len(task.eval_docs) for task in counted),
        kinds=tuple(sorted({task.OUTPUT_TYPE for task in counted})),
        shots=tuple(sorted({_shots(board_task, task) for task in counted})),
        choices=(min(low for low, _ in ranges), max(high for _, high in ranges))
        if ranges
        else None,
    )


def _shots(board_task: BoardTask, task: Task) -> int:
    defined: int | None = task.get_config("num_fewshot")
    return (defined or 0) if board_task.shots is None or defined == 0 else board_task.shots


def _choices(task: Task) -> tuple[int, int] | None:
    """The fewest and the most answers a question has; None where answers are not chosen."""
    if task.OUTPUT_TYPE != "multiple_choice":
        return None
    counts = {len(task.doc_to_choice(document)) for document in task.eval_docs}
    return min(counts), max(counts)


def _shortened(names: Iterable[str]) -> str:
    shown = list(names)
    rest = len(shown) - _NAMES_SHOWN
    return ", ".join(shown[:_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; is {near[0]!r} meant?" if near else ""


def main() -> None:
    # Task definitions print what they like.
    with redirect_stdout(sys.stderr):
        report = check_board(Path(sys.argv[1]), EvaluatorSettings().harness_options)
    sys.stdout.write(report.model_dump_json())


if __name__ == "__main__":
    main()
