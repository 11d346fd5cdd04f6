"""A run of an engine that can be left after any part, and gone on with elsewhere."""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from services.evaluator.failures import scores_not_finite
from services.evaluator.protocol import Slice
from services.evaluator.scoring.compiling import Compiled
from services.evaluator.scoring.engine import Answer, Engine, Part

_SLICE_EVERY_S = 15.0
_ANNOUNCE_EVERY_S = 5.0


class Stopping(Exception):
    """The work is left; what was answered has been reported."""


@dataclass(frozen=True)
class Course:
    """How the run of one task is watched, left and gone on with."""

    task: str
    finished: tuple[Slice, ...]
    """What an earlier attempt reported, of whatever task and plan."""
    report: Callable[[Slice], None]
    announce: Callable[[int, int], None]
    """Told how many requests are answered, and how many there are, every few seconds."""
    stopping: Callable[[], bool]


UNWATCHED = Course("", (), lambda _: None, lambda done, total: None, lambda: False)
"""Of a run that nobody looks at and that is never left."""


def answer(engine: Engine, compiled: Compiled, setting: str, course: Course) -> list[Answer]:
    """All answers, in the order of the requests. `setting` names what else an answer depends on,
    such as the dtype. Raises Stopping, and EvaluationFault for answers that are no numbers."""
    plan = _plan(engine, compiled, setting)
    parts = list(_resumed(course, plan))
    start = parts[-1].stop if parts else 0
    unreported: list[Part] = []
    reported_at = announced_at = time.monotonic()
    course.announce(0, len(compiled))

    def report() -> None:
        if unreported:
            course.report(_slice(course.task, plan, start, unreported))

    for part in engine.run(compiled, start):
        _check_finite(part.logprobs)
        parts.append(part)
        unreported.append(part)
        if time.monotonic() - announced_at >= _ANNOUNCE_EVERY_S:
            course.announce(part.answered, len(compiled))
            announced_at = time.monotonic()
        if part.stop == engine.size(compiled):
            break
        if course.stopping():
            report()
            raise Stopping
        if time.monotonic() - reported_at >= _SLICE_EVERY_S:
            report()
            start, unreported, reported_at = part.stop, [], time.monotonic()
    return engine.answers(
        compiled,
        np.concatenate([part.logprobs for part in parts]),
        np.concatenate([part.greedy for part in parts]),
    )


def _plan(engine: Engine, compiled: Compiled, setting: str) -> str:
    text = f"{engine.name}/{setting}/{compiled.digest}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _resumed(course: Course, plan: str) -> Iterable[Part]:
    start = 0
    for finished in course.finished:
        if (finished.task, finished.plan, finished.start) == (course.task, plan, start):
            yield _part(finished)
            start = finished.stop


def _slice(task: str, plan: str, start: int, parts: list[Part]) -> Slice:
    logprobs = np.concatenate([part.logprobs for part in parts]).astype("<f8")
    greedy = np.concatenate([part.greedy for part in parts])
    answers = logprobs.tobytes() + np.packbits(greedy).tobytes()
    count = len(logprobs).to_bytes(8, "little")
    return Slice(task, plan, start, parts[-1].stop, count + answers)


def _part(finished: Slice) -> Part:
    count = int.from_bytes(finished.answers[:8], "little")
    logprobs = np.frombuffer(finished.answers, "<f8", count, offset=8)
    packed = np.frombuffer(finished.answers, np.uint8, offset=8 + 8 * count)
    greedy = np.unpackbits(packed, count=count).astype(bool)
    return Part(finished.stop, 0, logprobs, greedy)


def _check_finite(logprobs: np.ndarray) -> None:
    bad = logprobs[~np.isfinite(logprobs)]
    if len(bad):
        raise scores_not_finite(f"The model gave a log-likelihood of {bad[0]} to an answer")
