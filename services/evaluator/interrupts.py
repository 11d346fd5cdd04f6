"""Work that ends early when something else happens first, and what goes on beside it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from runtime.service import cancel_until_done

T = TypeVar("T")


class Interrupt:
    """Ends a piece of work, for the first reason that anybody calls it with."""

    def __init__(self) -> None:
        self._reason: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def __call__(self, reason: BaseException) -> None:
        if not self._reason.done():
            self._reason.set_result(reason)

    async def unless(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`. Interrupted before that, the work is cancelled, and the reason is
        raised once it has cleaned up."""
        working = asyncio.create_task(work)
        either: tuple[asyncio.Future[Any], ...] = (working, self._reason)
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_until_done([working])
        if working.cancelled():
            raise self._reason.result()
        return working.result()


async def any_of(*waits: Coroutine[Any, Any, object], timeout_s: float | None = None) -> None:
    """Until the first of them is over, or that time is; the others are cancelled. What one of them
    raised is raised."""
    waiting = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_until_done(waiting)
    for each in waiting:
        if not each.cancelled():
            each.result()


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do this for as long as the `with` block lasts. What it raised is raised at the end."""
    working = asyncio.create_task(work)
    try:
        yield
    finally:
        await cancel_until_done([working])
    if not working.cancelled():
        working.result()
