"""What every way of answering a task's questions looks like."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.evaluator.scoring.compiling import Compiled

Answer = tuple[float, bool]
"""Log-likelihood of a continuation in nats, and whether greedy decoding would have written it."""


@dataclass(frozen=True)
class Part:
    """What one step brought."""

    stop: int
    """Where the next step begins."""
    answered: int
    """Requests that are answered once this part and all before it are known."""
    logprobs: np.ndarray
    """float64; the parts of a run, joined, are what `answers` takes."""
    greedy: np.ndarray
    """bool, as long as `logprobs`."""


class Engine(Protocol):
    """A run is cut into parts, and can begin wherever one ended: that is resuming after a crash,
    and sharing a task among devices."""

    name: str

    def size(self, compiled: Compiled) -> int:
        """Where the last part of a run stops."""
        ...

    def run(self, compiled: Compiled, start: int = 0) -> Iterator[Part]: ...

    def answers(self, compiled: Compiled, logprobs: np.ndarray, greedy: np.ndarray) -> list[Answer]:
        """In the order of the requests, from all parts of a run joined."""
        ...


def run_whole(engine: Engine, compiled: Compiled) -> list[Answer]:
    parts = list(engine.run(compiled))
    logprobs = np.concatenate([part.logprobs for part in parts])
    return engine.answers(compiled, logprobs, np.concatenate([part.greedy for part in parts]))
