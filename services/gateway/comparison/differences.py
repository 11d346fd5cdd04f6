"""Rows of one board side by side: how they differ from the first, and how sure that is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.board import Board, BoardTask
from contracts.views import Entry, TaskScore
from services.gateway.comparison.paired import Test, paired_test, unpaired_test
from services.gateway.samples.reading import Pairs, pairs

LEAST, MOST = 2, 6
_SURE = 0.05

Files = Mapping[tuple[str, str], bytes]
"""By request id and task, the files of samples that could be read."""


@dataclass(frozen=True)
class Difference:
    """Of one row to the first, in one task or in the average."""

    points: float
    """On the normalised scale, 0 to 100."""
    test: Test | None
    """Null where nothing is known of how sure the scores are. Of pairs, it is about shares of
    right answers, 0 to 1; of standard errors, about points."""
    same_prompts: bool | None
    """Whether both models read the same words; null where samples were not compared."""

    @property
    def is_sure(self) -> bool | None:
        return None if self.test is None else self.test.p < _SURE


@dataclass(frozen=True)
class ComparedTask:
    task: BoardTask
    scores: tuple[TaskScore | None, ...]
    """As many as rows."""
    differences: tuple[Difference | None, ...]
    """Null for the first row, and where a score is outstanding."""
    has_samples: tuple[bool, ...]


@dataclass(frozen=True)
class Comparison:
    board: Board
    entries: tuple[Entry, ...]
    tasks: tuple[ComparedTask, ...]
    averages: tuple[Difference | None, ...]
    """As many as rows; null for the first, and where an average is outstanding."""


def compare(board: Board, entries: Sequence[Entry], files: Files) -> Comparison:
    first, *others = entries
    return Comparison(
        board,
        tuple(entries),
        tuple(_compared(task, entries, files) for task in board.tasks),
        (None, *(_average(first, other) for other in others)),
    )


def _compared(task: BoardTask, entries: Sequence[Entry], files: Files) -> ComparedTask:
    first, *others = entries
    return ComparedTask(
        task,
        tuple(entry.scores.get(task.id) for entry in entries),
        (None, *(_difference(task, first, other, files) for other in others)),
        tuple((entry.sid, task.id) in files for entry in entries),
    )


def _difference(task: BoardTask, first: Entry, other: Entry, files: Files) -> Difference | None:
    of_first, of_other = first.scores.get(task.id), other.scores.get(task.id)
    if of_first is None or of_other is None:
        return None
    points = of_other.normalized - of_first.normalized
    found = _pairs(task, first, other, files)
    if found is not None and (test := paired_test(found.rows["second"], found.rows["first"])):
        return Difference(points, test, found.same_prompts)
    test = unpaired_test(of_other.normalized, of_first.normalized, of_other.stderr, of_first.stderr)
    return Difference(points, test, None)


def _pairs(task: BoardTask, first: Entry, other: Entry, files: Files) -> Pairs | None:
    one, two = files.get((first.sid, task.id)), files.get((other.sid, task.id))
    return pairs(one, two, task) if one and two else None


def _average(first: Entry, other: Entry) -> Difference | None:
    if first.average is None or other.average is None:
        return None
    test = unpaired_test(other.average, first.average, other.average_stderr, first.average_stderr)
    return Difference(other.average - first.average, test, None)
