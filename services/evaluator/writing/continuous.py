"""transformers' continuous batching: an answer that is over makes room for the next prompt at once,
and what prompts begin with alike is computed once."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from lm_eval.defaults import DEFAULT_OTHER_SEED
from lm_eval.models.huggingface import HFLM
from transformers import ContinuousBatchingConfig
from transformers.generation.continuous_batching import ContinuousBatchingManager
from transformers.generation.continuous_batching.requests import GenerationOutput
from transformers.generation.continuous_batching.scheduler import (
    SCHEDULER_MAPPING,
    FIFOScheduler,
)
from transformers.generation.continuous_batching.utils import WorkloadHints

from services.evaluator.scoring.slices import Stopping
from services.evaluator.usage import Usage
from services.evaluator.writing.decoding import decoding
from services.evaluator.writing.stops import StopStrings
from services.evaluator.writing.writer import Batch, Rows

_CPU_PAGE = 32
_CPU_ROWS = 16
_CPU_BUDGET = 512
"""A GPU's memory is taken as it is found; main memory belongs to others, too."""
_ROWS = 256
"""The logits of so many rows are held at once, twice."""
_WAIT_S = 1.0


class ContinuousWriter:
    name = "continuous"

    def __init__(self, model: HFLM, usage: Usage) -> None:
        self._model = model
        self._usage = usage

    def write(self, batch: Batch, stopping: Callable[[], bool]) -> Generator[Rows]:
        for row, tokens, _ in self.written(batch, stopping):
            yield {row: tokens}

    def written(
        self, batch: Batch, stopping: Callable[[], bool]
    ) -> Iterator[tuple[int, list[int], float]]:
        """Row, tokens and their log-likelihood, as rows are finished. Raises Stopping, and whatever
        ended the thread that runs the model."""
        prompts = [
            prompt[mask.bool()].tolist()
            for prompt, mask in zip(batch.prompts, batch.mask, strict=True)
        ]
        if not all(prompts):
            raise ValueError("a prompt is empty")
        stops = StopStrings(self._model.tokenizer, batch.stops)
        searched = dict.fromkeys(range(len(prompts)), 0)
        with self._running(batch, prompts) as manager:
            # Neighbours begin alike, and what they share is still in the cache.
            for row in sorted(searched, key=prompts.__getitem__):
                manager.add_request(
                    prompts[row], str(row), max_new_tokens=batch.most, streaming=True
                )
            while searched:
                if stopping():
                    raise Stopping
                output = _next(manager)
                if output is None:
                    continue
                row, tokens = int(output.request_id), output.generated_tokens
                if row not in searched:  # it was on its way when its request was cancelled
                    continue
                end = _end(stops, tokens, searched[row])
                searched[row] = len(tokens)
                if end is None and not output.is_finished():
                    continue
                if not output.is_finished():
                    manager.cancel_request(output.request_id)
                del searched[row]
                logprob = math.fsum(output.logprobs[:end])
                if math.isnan(logprob):
                    raise FloatingPointError("a logit is NaN")
                yield row, tokens[:end], logprob

    @contextmanager
    def _running(
        self, batch: Batch, prompts: list[list[int]]
    ) -> Iterator[ContinuousBatchingManager]:
        model = self._model.model
        attention = model.config._attn_implementation
        forwarded = self._usage.forwarded_tokens
        try:
            manager = self._manager(batch, max(map(len, prompts)))
            manager.warmup()
            manager.start()
            try:
                yield manager
            finally:
                self._usage.forwarded_tokens = forwarded + _scheduled_tokens(manager)
                manager.stop(hard_stop=True)
                manager.destroy()
                if fatal := manager.background_thread_status.fatal_error:
                    raise fatal
        finally:
            if model.config._attn_implementation != attention:  # a manager that never ran
                model.set_attn_implementation(attention)

    def _manager(self, batch: Batch, longest: int) -> ContinuousBatchingManager:
        model = self._model.model
        sizes = ContinuousBatchingConfig(
            scheduler_type=_COUNTING,
            max_requests_per_batch=min(_ROWS, len(batch)),
            return_logprobs=True,
            seed=DEFAULT_OTHER_SEED,
        )
        if self._model.device.type == "cpu":
            sizes.page_size = _CPU_PAGE
            sizes.num_blocks = _CPU_ROWS * ((longest + batch.most) // _CPU_PAGE + 2)
            sizes.max_batch_tokens = _CPU_BUDGET
        manager: ContinuousBatchingManager = model.init_continuous_batching(
            decoding(model, batch.options | {"max_new_tokens": batch.most}),
            sizes,
            WorkloadHints(longest, batch.most, len(batch)),
        )
        return manager


def _next(manager: ContinuousBatchingManager) -> GenerationOutput | None:
    output = manager.get_result(timeout=_WAIT_S)
    if output is None and not manager.is_running():
        raise RuntimeError("continuous batching ended before its answers")
    if output is not None and output.error:
        raise RuntimeError(output.error)
    return output


def _end(stops: StopStrings, tokens: list[int], searched: int) -> int | None:
    """The tokens that the first stop string takes, which is not in those that were searched."""
    for end in range(searched + 1, len(tokens) + 1):
        if stops.completed_by(tokens[max(0, end - stops.reach) : end]):
            return end
    return None


_COUNTING = "fifo, counting"


class _CountingScheduler(FIFOScheduler):
    """CUDA graphs run without Python: what a model's hooks would count is not all it forwards."""

    scheduled_tokens = 0

    def schedule_batch(self, token_budget: int, cache_budget: int) -> Any:
        scheduled = super().schedule_batch(token_budget, cache_budget)
        _, _, tokens, _ = scheduled
        self.scheduled_tokens += tokens
        return scheduled


SCHEDULER_MAPPING[_COUNTING] = _CountingScheduler


def _scheduled_tokens(manager: ContinuousBatchingManager) -> int:
    processor = manager.batch_processor
    assert processor
    assert isinstance(processor.scheduler, _CountingScheduler)
    return processor.scheduler.scheduled_tokens
