"""Work that ends early when something else happens first."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Deadline:
    seconds: float
    fault: BaseException


async def unless(
    interrupts: Mapping[asyncio.Event, BaseException],
    work: Coroutine[Any, Any, T],
    deadline: Deadline | None = None,
) -> T:
    """The result of `work`. When one of the events is set before that, or the deadline passes, the
    work is cancelled, and what stands for the interruption is raised once it has cleaned up."""
    working = asyncio.create_task(work)
    waiting = {asyncio.create_task(event.wait()): fault for event, fault in interrupts.items()}
    try:
        done, _ = await asyncio.wait(
            {working, *waiting},
            timeout=deadline.seconds if deadline else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        for task in waiting:
            task.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
    if not working.cancelled():
        return working.result()
    for task, fault in waiting.items():
        if task in done:
            raise fault
    assert deadline is not None
    raise deadline.fault
