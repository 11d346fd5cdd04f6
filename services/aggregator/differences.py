"""What is different between two definitions of a board, as far as it moves scores, for people."""

from collections.abc import Iterator

from contracts.board import Board, BoardTask

_WORDS = {
    "harness_task": "lm-eval task",
    "shots": "examples in the prompt",
    "metrics": "metrics",
    "average": "subtasks are",
}


def differences(old: Board, new: Board) -> tuple[str, ...]:
    """A sentence for each; one that says so where the definitions score alike."""
    before, after = ({task.id: task for task in board.tasks} for board in (old, new))
    told = [f"{task.title} was added." for id_, task in after.items() if id_ not in before]
    told += [f"{task.title} was taken away." for id_, task in before.items() if id_ not in after]
    for id_ in before.keys() & after.keys():
        told += _of_task(before[id_], after[id_])
    if old.limit != new.limit:
        told.append(f"Documents of each task: {new.limit or 'all'}, before {old.limit or 'all'}.")
    return tuple(sorted(told)) or ("The formulas changed.",)


def _of_task(old: BoardTask, new: BoardTask) -> Iterator[str]:
    for field, words in _WORDS.items():
        before, after = (_said(getattr(task, field)) for task in (old, new))
        if before != after:
            yield f"{new.title}: {words} {after}, before {before}."
    if old.floor != new.floor:
        yield f"{new.title}: guessing scores {new.floor:.4g}, before {old.floor:.4g}."
    if old.subtasks != new.subtasks:
        names = {one.harness_task for one in old.subtasks} ^ {
            one.harness_task for one in new.subtasks
        }
        what = "other subtasks" if names else "what guessing scores in its subtasks is another"
        yield f"{new.title}: {what}."


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "as lm-eval has them" if value is None else str(value).replace("_", " ")
