"""How fast the step at hand goes, and when it will be done."""

from collections import deque
from dataclasses import dataclass

from services.evaluator.protocol import Phase, Step

_WINDOW_S = 60.0
"""Answers come in bursts, and models slow down on long prompts: long enough for the one, short
enough for the other."""


@dataclass(frozen=True)
class Rate:
    """None where nobody can tell."""

    per_second: float | None = None
    seconds_left: float | None = None


class Pace:
    def __init__(self) -> None:
        self._step: tuple[Phase, str | None, int] | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def after(self, step: Step, at: float) -> Rate:
        """By what was done over the last minute. `at` is by any clock that goes evenly."""
        named = (step.phase, step.task, step.total)
        if named != self._step or (self._seen and step.done < self._seen[-1][1]):
            self._step = named
            self._seen.clear()
        self._seen.append((at, step.done))
        while len(self._seen) > 2 and at - self._seen[1][0] >= _WINDOW_S:
            self._seen.popleft()
        began, before = self._seen[0]
        if not step.total or at <= began:
            return Rate()
        per_second = (step.done - before) / (at - began)
        if not per_second:
            return Rate(per_second)
        return Rate(per_second, (step.total - step.done) / per_second)
