"""How long a model may take: the board's limits, counted over all attempts at a run."""

import asyncio
from collections.abc import Mapping
from typing import Self

from contracts.board import Limits
from services.evaluator.failures import EvaluationFault, blame_model
from services.evaluator.interrupts import Interrupt

_ADVICE = "Submit a smaller model, or ask the board's operators for a higher limit."


class TimeLimits:
    """Interrupts a run that takes too long, for as long as the `with` block lasts.

    What earlier attempts have taken counts as far as their work is of use: tasks that have their
    scores, and checkpoints. So neither an evaluator that died nor a job that waited is held against
    a model, and a model gains nothing from an evaluator that died. The attempt that is running
    counts from its beginning, downloads included."""

    def __init__(
        self, limits: Limits, taken_before: Mapping[str, float], interrupt: Interrupt
    ) -> None:
        """`taken_before` has seconds by task."""
        self._limits = limits
        self._taken_before = taken_before
        self._interrupt = interrupt
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str | None, asyncio.TimerHandle] = {}
        self._began_at: dict[str, float] = {}

    def __enter__(self) -> Self:
        limit = self._limits.max_job_seconds
        self._start_timer(None, limit - sum(self._taken_before.values()), _job_limit(limit))
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def begin(self, task: str) -> None:
        """Start the clock of a task, unless it is running."""
        if task in self._began_at:
            return
        self._began_at[task] = self._loop.time()
        if limit := self._limits.max_task_seconds:
            remaining = limit - self.taken_before(task)
            self._start_timer(task, remaining, _task_limit(task, limit))

    def end(self, task: str) -> None:
        if timer := self._timers.get(task):
            timer.cancel()

    def taken_before(self, task: str) -> float:
        """Seconds in earlier attempts."""
        return self._taken_before.get(task, 0.0)

    def taken_by(self, task: str) -> float:
        """Seconds up to now, in all attempts."""
        now = self._loop.time()
        return self.taken_before(task) + now - self._began_at.get(task, now)

    def _start_timer(self, what: str | None, seconds: float, fault: EvaluationFault) -> None:
        self._timers[what] = self._loop.call_later(seconds, self._interrupt, fault)


def _job_limit(seconds: int) -> EvaluationFault:
    return blame_model(
        "time-limit",
        f"The evaluation took longer than the {seconds} s that the board allows.",
        _ADVICE,
    )


def _task_limit(task: str, seconds: int) -> EvaluationFault:
    return blame_model(
        "task-time-limit",
        f"The task {task!r} took longer than the {seconds} s that the board allows for one task.",
        _ADVICE,
    )
