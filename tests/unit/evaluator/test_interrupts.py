import asyncio

import pytest

from services.evaluator.interrupts import Deadline, unless


class Stopped(Exception):
    pass


class TooSlow(Exception):
    pass


async def wait_forever(cleaned_up: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        cleaned_up.set()


async def test_work_that_nothing_interrupts_gives_its_result() -> None:
    async def work() -> int:
        return 7

    assert await unless({asyncio.Event(): Stopped()}, work()) == 7


async def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        await unless({asyncio.Event(): Stopped()}, work())


async def test_an_event_ends_the_work_after_it_has_cleaned_up() -> None:
    stop, cleaned_up = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)

    with pytest.raises(Stopped):
        await unless({stop: Stopped()}, wait_forever(cleaned_up))

    assert cleaned_up.is_set()


async def test_the_deadline_ends_the_work_after_it_has_cleaned_up() -> None:
    cleaned_up = asyncio.Event()

    with pytest.raises(TooSlow):
        await unless({}, wait_forever(cleaned_up), Deadline(0.01, TooSlow()))

    assert cleaned_up.is_set()
