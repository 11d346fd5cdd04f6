"""How long evaluations take, learned from those that have finished. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from contracts.board import Board
from contracts.evaluation import EvaluationProgress
from contracts.views import Request, RequestState

LEAST_RUNS = 3
"""Fewer finished evaluations teach nothing."""
NEWEST = 50
"""So many finished evaluations are learned from: hosts and engines change."""
REACH = 4.0
"""How many times larger or smaller than all that have finished a model may be."""

PREPARATION = ""
"""Stands beside the tasks for what comes before them: download, loading."""
_SHORTEST_S = 0.01


@dataclass(frozen=True)
class Line:
    """Seconds of one step: `fixed_s + parameters * per_parameter_s`."""

    fixed_s: float = 0.0
    per_parameter_s: float = 0.0

    def seconds(self, parameters: int) -> float:
        return self.fixed_s + parameters * self.per_parameter_s


def fitted(samples: Sequence[tuple[int, float]]) -> Line:
    """Through parameters and seconds, by least squares of the relative error: a small model's
    minutes count as much as a large one's hours. Neither coefficient is negative. Models of one
    size do not tell the two apart; half the time is then taken for fixed."""
    if not samples:
        return Line()
    points = [(parameters, max(seconds, _SHORTEST_S)) for parameters, seconds in samples]
    # Sums of 1, p, p², t and pt, each weighted with 1/t².
    w = sum(1 / t**2 for _, t in points)
    wp = sum(p / t**2 for p, t in points)
    wpp = sum(p**2 / t**2 for p, t in points)
    wt = sum(1 / t for _, t in points)
    wpt = sum(p / t for p, t in points)
    determinant = w * wpp - wp**2
    if determinant <= 1e-9 * w * wpp:
        return Line(wt / w / 2, wpt / wpp / 2 if wpp else 0.0)
    slope = (w * wpt - wp * wt) / determinant
    fixed = (wt - slope * wp) / w
    if slope < 0:
        return Line(wt / w, 0.0)
    if fixed < 0:
        return Line(0.0, wpt / wpp)
    return Line(fixed, slope)


@dataclass(frozen=True)
class Experience:
    """What the finished evaluations of one board teach."""

    board: str
    runs: int
    smallest: int
    """Parameters of the smallest model; 0 without any."""
    largest: int
    steps: Mapping[str, Line]
    """By task id, and `PREPARATION`."""

    def doubt(self, parameters: int | None) -> str:
        """Why nothing can be said about a model of this size; empty when something can."""
        if self.runs < LEAST_RUNS:
            are = {0: "there is none", 1: "there is 1"}.get(self.runs, f"there are {self.runs}")
            return (
                f"No estimate yet: it takes {LEAST_RUNS} finished evaluations on board"
                f" {self.board}, and {are}."
            )
        if parameters is None:
            return "No estimate: how many parameters it has is not known."
        if not self.smallest / REACH <= parameters <= self.largest * REACH:
            return f"No estimate: no model of a similar size has finished on board {self.board}."
        return ""

    def seconds(self, step: str, parameters: int) -> float:
        return self.steps[step].seconds(parameters)

    def whole(self, request: Request) -> float | None:
        """Seconds of an evaluation from its start to its end; None in doubt."""
        if request.parameters is None or self.doubt(request.parameters):
            return None
        return sum(line.seconds(request.parameters) for line in self.steps.values())


def learned(board: Board, requests: Iterable[Request]) -> Experience:
    """From the newest finished evaluations that have all of the board's tasks."""
    ids = [task.id for task in board.tasks]
    finished = nlargest(
        NEWEST,
        (
            request
            for request in requests
            if request.board == board.name
            and request.state is RequestState.FINISHED
            and request.parameters is not None
            and _seconds(request).keys() >= set(ids)
        ),
        key=lambda request: request.updated_at,
    )
    sizes = [request.parameters or 0 for request in finished]
    steps = {
        task: fitted([(p, _seconds(r)[task]) for p, r in zip(sizes, finished, strict=True)])
        for task in ids
    }
    prepared = [(p, _preparation_s(r)) for p, r in zip(sizes, finished, strict=True)]
    steps[PREPARATION] = fitted([(p, s) for p, s in prepared if s is not None])
    return Experience(
        board.name, len(finished), min(sizes, default=0), max(sizes, default=0), steps
    )


@dataclass(frozen=True)
class TimeLeft:
    """Of a running evaluation."""

    seconds: float | None
    """None when nobody knows."""
    doubt: str
    """Why nobody knows; else empty."""


def time_left(
    request: Request, progress: EvaluationProgress | None, experience: Experience, now: datetime
) -> TimeLeft:
    """What is left of the step at hand, by its own rate where there is one, and what the tasks
    after it are expected to take. They take as much longer than expected as those before have."""
    outstanding = [task.task for task in request.tasks if task.scored_at is None]
    current = progress.task if progress and progress.task in outstanding else None
    after = [task for task in outstanding if task != current]
    known = progress.seconds_left if progress and current else None
    if known is not None and not after:
        return TimeLeft(known, "")
    if doubt := experience.doubt(request.parameters):
        return TimeLeft(None, doubt)
    parameters = request.parameters or 0
    unheard = [task for task in outstanding if task not in experience.steps]
    if unheard:
        return TimeLeft(None, f"The board has no task {unheard[0]} any more.")
    pace = _pace(request, experience, parameters)
    if current is None:
        spent = now - (last_at(request, "evaluation.started") or now)
        step = max(experience.seconds(PREPARATION, parameters) - spent.total_seconds(), 0.0)
    elif known is None:
        step = experience.seconds(current, parameters) * pace
    else:
        step = known
    return TimeLeft(step + pace * sum(experience.seconds(task, parameters) for task in after), "")


def last_at(request: Request, what: str) -> datetime | None:
    """When that happened to it last."""
    return next((entry.at for entry in reversed(request.history) if entry.what == what), None)


def _pace(request: Request, experience: Experience, parameters: int) -> float:
    """How many times as long as expected its own tasks have taken so far."""
    taken = {t: s for t, s in _seconds(request).items() if t in experience.steps}
    expected = sum(experience.seconds(task, parameters) for task in taken)
    return sum(taken.values()) / expected if expected else 1.0


def _seconds(request: Request) -> dict[str, float]:
    return {task.task: task.seconds for task in request.tasks if task.seconds is not None}


def _preparation_s(request: Request) -> float | None:
    """None where several attempts, and the waiting between them, lie in the same time."""
    began, ended = last_at(request, "evaluation.started"), last_at(request, "evaluation.finished")
    if request.attempt != 1 or began is None or ended is None:
        return None
    return max((ended - began).total_seconds() - sum(_seconds(request).values()), 0.0)
