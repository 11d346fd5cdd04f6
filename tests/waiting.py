"""Waiting for what no message announces, such as the end of a process.

Time limits only bound what hangs: a machine may be busy for many seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

HANGS_S = 60.0


async def until(condition: Callable[[], T], timeout_s: float = HANGS_S) -> T:
    """What `condition` returns once that is true. Raises TimeoutError when it stays false."""

    async def ask() -> T:
        return condition()

    return await until_answered(ask, timeout_s)


async def until_answered(ask: Callable[[], Awaitable[T]], timeout_s: float = HANGS_S) -> T:
    """The same for a condition that somebody else has to be asked for."""
    async with asyncio.timeout(timeout_s):
        while not (value := await ask()):
            await asyncio.sleep(0.02)
        return value
