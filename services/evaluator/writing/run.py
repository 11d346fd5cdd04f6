"""One task's answers, whoever writes them, and in however many attempts."""

import hashlib
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from services.evaluator.failures import EvaluationFault
from services.evaluator.protocol import Slice
from services.evaluator.scoring.choice import first_line
from services.evaluator.scoring.slices import Course, Stopping
from services.evaluator.usage import Usage
from services.evaluator.writing.decoding import for_transformers
from services.evaluator.writing.stock import StockWriter
from services.evaluator.writing.writer import Batch, Rows, Writer

_SLICE_EVERY_S = 15.0
_ANNOUNCE_EVERY_S = 5.0


class Run:
    """Rows are numbered in lm-eval's order, which depends on the requests alone. A slice holds
    rows in the order they were finished, and starts where so many had been finished before."""

    def __init__(
        self,
        model: HFLM,
        requests: Sequence[Instance],
        writer: Writer,
        stock: StockWriter,
        *,
        setting: str,
        course: Course,
        usage: Usage,
    ) -> None:
        """`setting` names what else an answer depends on, such as the dtype. `stock` takes over
        from a writer that fails."""
        self._pad = model.tokenizer.pad_token_id
        self._total = len(requests)
        self._writer = writer
        self._stock = stock
        self._course = course
        self._usage = usage
        self._plan = _plan(requests, f"{writer.name}/{setting}")
        self._written: Rows = {}
        for finished in course.finished:
            place = (course.task, self._plan, len(self._written))
            if (finished.task, finished.plan, finished.start) == place:
                self._written |= _rows(finished.answers)
        self._unreported: Rows = {}
        self._seen = 0
        self._reported_at = self._announced_at = time.monotonic()
        course.announce(len(self._written), self._total)

    def complete(
        self,
        context: torch.Tensor,
        attention_mask: torch.Tensor,
        max_length: int,
        stop: list[str],
        **options: Any,
    ) -> torch.Tensor:
        """Prompts with their answers behind them, padded on both sides: what `generate` returns.
        Raises Stopping when everything written has been reported, EvaluationFault for logits that
        are no numbers."""
        first, rows = self._seen, range(len(context))
        self._seen += len(context)
        most = max_length - context.shape[1]
        batch = Batch(context, attention_mask, most, stop, for_transformers(options))
        while missing := [row for row in rows if first + row not in self._written]:
            try:
                self._write(batch.part(missing), [first + row for row in missing])
            except Stopping:
                self._report()
                raise
            except (EvaluationFault, torch.AcceleratorError):
                raise
            except Exception as fault:  # whatever a model's own code does with an unusual call
                self._fall_back(fault)
        answers = [self._written[first + row] for row in rows]
        self._count(attention_mask, answers)
        longest = max(map(len, answers))
        padded = [answer + [self._pad] * (longest - len(answer)) for answer in answers]
        return torch.cat([context, torch.tensor(padded, device=context.device)], dim=1)

    def _write(self, batch: Batch, numbers: list[int]) -> None:
        with closing(self._writer.write(batch, self._course.stopping)) as finished:
            for rows in finished:
                answers = {numbers[row]: tokens for row, tokens in rows.items()}
                self._written |= answers
                self._unreported |= answers
                now = time.monotonic()
                if now - self._announced_at >= _ANNOUNCE_EVERY_S:
                    self._course.announce(len(self._written), self._total)
                    self._announced_at = now
                if now - self._reported_at >= _SLICE_EVERY_S:
                    self._report()

    def _report(self) -> None:
        if self._unreported:
            stop = len(self._written)
            start = stop - len(self._unreported)
            answers = _packed(self._unreported)
            self._course.report(Slice(self._course.task, self._plan, start, stop, answers))
        self._unreported, self._reported_at = {}, time.monotonic()

    def _fall_back(self, fault: Exception) -> None:
        if self._writer is self._stock:
            raise fault
        engine = self._usage.engine
        reason = (
            f"{self._writer.name} failed after {len(self._written)} of {self._total} answers:"
            f" {first_line(fault)}"
        )
        self._usage.engine = engine.model_copy(
            update={
                "name": engine.name if self._written else self._stock.name,
                "reason": "; ".join(filter(None, [engine.reason, reason])),
            }
        )
        self._writer = self._stock

    def _count(self, mask: torch.Tensor, answers: list[list[int]]) -> None:
        written = sum(map(len, answers))
        self._usage.generated_tokens += written
        # The last token of an answer is not forwarded any more.
        self._usage.stock_tokens += int(mask.sum()) + written - len(answers)


def _plan(requests: Sequence[Instance], writing: str) -> str:
    digest = hashlib.blake2b(writing.encode(), digest_size=16)
    for request in requests:
        digest.update(repr(request.args).encode())
    return digest.hexdigest()


def _packed(rows: Rows) -> bytes:
    """Number, length and tokens of each row."""
    flat = [part for row, tokens in rows.items() for part in (row, len(tokens), *tokens)]
    return np.array(flat, "<i4").tobytes()


def _rows(packed: bytes) -> Rows:
    flat = np.frombuffer(packed, "<i4").tolist()
    rows, at = {}, 0
    while at < len(flat):
        row, length = flat[at : at + 2]
        rows[row] = flat[at + 2 : at + 2 + length]
        at += 2 + length
    return rows
