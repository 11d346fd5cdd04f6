"""Work that makes do with the memory of a GPU."""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")


def halved(step: Callable[[int], T], size: int, least: int = 1) -> tuple[T, int]:
    """What `step` gives for this size, or for half of it as often as memory runs out; and the size
    that there was room for. Raises torch.OutOfMemoryError where there is none for the least."""
    while True:
        try:
            return step(size), size
        except torch.OutOfMemoryError:
            if size <= least:
                raise
        # Only here is what filled the memory given up: the exception has held on to it.
        size = max(least, size // 2)
        torch.cuda.empty_cache()
