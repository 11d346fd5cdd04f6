"""Waiting for what no message announces, such as the end of a process."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], T], timeout_s: float = 20) -> T:
    """What `condition` returns once that is true. Raises TimeoutError when it stays false."""
    async with asyncio.timeout(timeout_s):
        while not (value := condition()):
            await asyncio.sleep(0.02)
        return value
