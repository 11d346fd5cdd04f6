"""lm-eval's own backend, in parts: slow, and right by definition."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby

import numpy as np
from lm_eval.models.huggingface import HFLM

from services.evaluator.scoring.compiling import Compiled
from services.evaluator.scoring.engine import Answer, Part
from services.evaluator.scoring.halving import halved

_BATCHES_PER_PART = 8

Request = tuple[None, list[int], list[int]]


class StockEngine:
    """With half as many inputs at once whenever memory runs out."""

    name = "hf"

    def __init__(self, model: HFLM) -> None:
        self._model = model
        self._at_once: int | None = None

    def size(self, compiled: Compiled) -> int:
        return len(compiled)

    def run(self, compiled: Compiled, start: int = 0) -> Iterator[Part]:
        order = _collated(compiled)
        for part in self._parts(compiled, order, start):
            answers = self._answer([request(compiled, index) for index in part])
            start += len(part)
            logprobs, greedy = zip(*answers, strict=True)
            yield Part(start, start, np.array(logprobs, float), np.array(greedy, bool))

    def answers(self, compiled: Compiled, logprobs: np.ndarray, greedy: np.ndarray) -> list[Answer]:
        answers: dict[int, Answer] = {
            int(request): (float(logprob), bool(is_greedy))
            for request, logprob, is_greedy in zip(
                _collated(compiled), logprobs, greedy, strict=True
            )
        }
        return [answers[request] for request in range(len(compiled))]

    def _answer(self, requests: list[Request]) -> list[Answer]:
        def by(size: int | str) -> list[Answer]:
            with batches_of(self._model, size):
                answers: list[Answer] = HFLM._loglikelihood_tokens(
                    self._model, requests, disable_tqdm=True
                )
            return answers

        if self._model.batch_size == "auto":
            return by("auto")
        answers, self._at_once = halved(by, self._at_once or int(self._model.batch_size))
        return answers

    def _parts(self, compiled: Compiled, order: np.ndarray, start: int) -> Iterator[np.ndarray]:
        """Parts end where a batch does, so the batches are those of one call with everything."""
        if self._model.batch_size == "auto":  # finding the size again would cost more than it saves
            if start < len(order):
                yield order[start:]
            return
        inputs = [len(list(group)) for _, group in groupby(compiled.leaves[order])]
        inputs_per_part = _BATCHES_PER_PART * int(self._model.batch_size)
        ends = np.cumsum(inputs)[inputs_per_part - 1 :: inputs_per_part]
        for end in [*ends[ends > start], len(order)]:
            if end > start:
                yield order[start:end]
                start = int(end)


def _collated(compiled: Compiled) -> np.ndarray:
    """Requests in lm-eval's order: longest first, those of one input together."""
    return np.lexsort((np.arange(len(compiled)), compiled.leaves, -compiled.lengths()))


def request(compiled: Compiled, index: int) -> Request:
    """As lm-eval's backend takes it; without the strings, which it only hands to its cache."""
    continuation = compiled.continuation_of(index)
    whole = [*compiled.path_to(compiled.leaves[index]).tolist(), int(continuation[-1])]
    return None, whole[: -len(continuation)], continuation.tolist()


def batches_of(model: HFLM, size: int | str) -> AbstractContextManager[None]:
    """Let lm-eval's own backend forward so many inputs at once."""
    return changed(model, "batch_size_per_gpu", size)


@contextmanager
def changed(model: HFLM, name: str, value: object) -> Iterator[None]:
    """Give lm-eval's own backend another setting while this lasts."""
    before = getattr(model, name)
    setattr(model, name, value)
    try:
        yield
    finally:
        setattr(model, name, before)
