"""Questions to the Hub, whose client blocks, in threads of their own: where the Hub hangs, boards
are still searched in the usual ones."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_MOST = 16


class HubThreads:
    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(_MOST, thread_name_prefix="hub")

    async def ask(self, question: Callable[[], T]) -> T:
        """Raises what `question` does, and TimeoutError, also when too many others are asked."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._timeout_s):
            return await loop.run_in_executor(self._threads, question)
