"""transformers' `generate`, as lm-eval's own backend calls it, batch by batch."""

from collections.abc import Callable, Generator
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from transformers import StoppingCriteria, StoppingCriteriaList

from services.evaluator.generation import FiniteLogits
from services.evaluator.scoring.halving import halved
from services.evaluator.scoring.slices import Stopping
from services.evaluator.writing.decoding import decoding
from services.evaluator.writing.stops import StopStrings
from services.evaluator.writing.writer import Batch, Rows


class StockWriter:
    """With half as many rows at once whenever memory runs out. A row ends at its own stop string;
    lm-eval's criteria end a batch when one and the same string is in all its rows, and let it run
    to the last token where their ends differ."""

    name = "hf"

    def __init__(self, model: HFLM) -> None:
        self._model = model
        self._batch_size = model.batch_size

    def write(self, batch: Batch, stopping: Callable[[], bool]) -> Generator[Rows]:
        if self._batch_size == "auto":
            self._batch_size = self._model._detect_batch_size()
        start = 0

        def write(rows: int) -> list[list[int]]:
            return self._write(batch.part(slice(start, start + rows)), stopping)

        while start < len(batch):
            written, self._batch_size = halved(write, self._batch_size)
            yield dict(enumerate(written, start))
            start += len(written)

    def _write(self, batch: Batch, stopping: Callable[[], bool]) -> list[list[int]]:
        model, tokenizer = self._model.model, self._model.tokenizer
        length = batch.prompts.shape[1]
        ended = _Ended(StopStrings(tokenizer, batch.stops), length, stopping)
        written = model.generate(
            input_ids=batch.prompts,
            attention_mask=batch.mask,
            max_length=length + batch.most,
            stopping_criteria=StoppingCriteriaList([ended]),
            logits_processor=[FiniteLogits()],
            pad_token_id=tokenizer.pad_token_id,
            use_cache=True,
            **batch.options,
        )
        ids = decoding(model, batch.options).eos_token_id
        eos = set(ids if isinstance(ids, list) else [ids])
        return [
            _up_to_first(eos, row[: ended.after.get(number)])
            for number, row in enumerate(written[:, length:].tolist())
        ]


class _Ended(StoppingCriteria):
    def __init__(self, stops: StopStrings, length: int, stopping: Callable[[], bool]) -> None:
        self.after: dict[int, int] = {}
        """Tokens written in the rows that a stop string has ended."""
        self._stops = stops
        self._length = length
        self._stopping = stopping

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        if self._stopping():
            raise Stopping
        written = input_ids.shape[1] - self._length
        for row, tail in enumerate(input_ids[:, -min(written, self._stops.reach) :].tolist()):
            if row not in self.after and self._stops.completed_by(tail):
                self.after[row] = written
        ended = [row in self.after for row in range(len(input_ids))]
        return torch.tensor(ended, device=input_ids.device)


def _up_to_first(ends: set[int], tokens: list[int]) -> list[int]:
    """What follows is padding."""
    for place, token in enumerate(tokens):
        if token in ends:
            return tokens[: place + 1]
    return tokens
