"""What a check of a board file against lm-eval found, as the evaluator tells the command."""

from pydantic import BaseModel

from runtime.boards import Problem


class TaskSummary(BaseModel):
    """One column of a board, as lm-eval will run it."""

    id: str
    harness_task: str
    tasks: int
    """lm-eval tasks that count; more than one for a group."""
    documents: int
    """Questions of all of them."""
    kinds: tuple[str, ...]
    """lm-eval's output types, such as `multiple_choice` or `generate_until`."""
    shots: tuple[int, ...]
    """Few-shot examples per prompt; several where the members differ."""
    choices: tuple[int, int] | None
    """The fewest and the most answers that a question has; null where answers are generated."""


class BoardReport(BaseModel):
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]
    """What an operator may want, but may also have overlooked."""
    tasks: tuple[TaskSummary, ...]
    """The columns without a problem."""
