"""What every way of writing answers looks like."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

Rows = dict[int, list[int]]
"""Tokens that were written, by the row of their prompt: up to and with what ended the answer."""


@dataclass(frozen=True)
class Batch:
    """Prompts that share everything else, longest first, as lm-eval hands them to transformers."""

    prompts: torch.Tensor
    """[rows, length]: ids, padded on the left."""
    mask: torch.Tensor
    """[rows, length]: 1 where there is a token of the prompt."""
    most: int
    """Tokens to write, if nothing ends an answer sooner."""
    stops: list[str]
    options: dict[str, Any]
    """For transformers' `generate`."""

    def __len__(self) -> int:
        return len(self.prompts)

    def part(self, rows: Sequence[int] | slice) -> "Batch":
        """Without the padding that only other rows need."""
        mask = self.mask[rows]
        longest = int(mask.sum(1).max())
        return replace(self, prompts=self.prompts[rows][:, -longest:], mask=mask[:, -longest:])


class Writer(Protocol):
    name: str

    def write(self, batch: Batch, stopping: Callable[[], bool]) -> Generator[Rows]:
        """Rows as they are finished. Raises Stopping."""
        ...
