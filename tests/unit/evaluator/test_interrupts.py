import asyncio

import pytest

from services.evaluator.interrupts import Interrupt, any_of, meanwhile


class Stopped(Exception):
    pass


class TooSlow(Exception):
    pass


async def wait_forever(cleaned_up: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        cleaned_up.set()


async def swallow_one_cancellation() -> None:
    """What `asyncio.wait_for` of Python 3.11 does when its result comes at the same moment."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def test_work_that_nothing_interrupts_gives_its_result() -> None:
    async def work() -> int:
        return 7

    assert await Interrupt().unless(work()) == 7


async def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        await Interrupt().unless(work())


async def test_an_interruption_ends_the_work_after_it_has_cleaned_up() -> None:
    interrupt, cleaned_up = Interrupt(), asyncio.Event()
    asyncio.get_running_loop().call_soon(interrupt, Stopped())

    with pytest.raises(Stopped):
        await interrupt.unless(wait_forever(cleaned_up))

    assert cleaned_up.is_set()


async def test_the_first_reason_counts() -> None:
    interrupt = Interrupt()
    interrupt(TooSlow())
    interrupt(Stopped())

    with pytest.raises(TooSlow):
        await interrupt.unless(wait_forever(asyncio.Event()))


async def test_work_that_overhears_a_cancellation_is_ended_all_the_same() -> None:
    interrupt = Interrupt()
    asyncio.get_running_loop().call_soon(interrupt, Stopped())

    async with asyncio.timeout(30):
        with pytest.raises(Stopped):
            await interrupt.unless(swallow_one_cancellation())


async def test_what_goes_on_meanwhile_ends_with_the_block() -> None:
    cleaned_up = asyncio.Event()

    async with meanwhile(wait_forever(cleaned_up)):
        await asyncio.sleep(0)

    assert cleaned_up.is_set()


async def test_what_breaks_meanwhile_is_raised_at_the_end() -> None:
    async def broken() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        async with meanwhile(broken()):
            await asyncio.sleep(0)


async def test_the_first_of_several_ends_the_others() -> None:
    cleaned_up, happened = asyncio.Event(), asyncio.Event()
    happened.set()

    await any_of(happened.wait(), wait_forever(cleaned_up))

    assert cleaned_up.is_set()


async def test_waiting_for_any_of_several_ends_when_the_time_is_up() -> None:
    cleaned_up = asyncio.Event()

    await any_of(wait_forever(cleaned_up), timeout_s=0.01)

    assert cleaned_up.is_set()


async def test_what_the_first_of_several_raises_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        await any_of(asyncio.Event().wait(), fail())
