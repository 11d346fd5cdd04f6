import asyncio

from contracts.models import Tier
from contracts.operation import HoldKind
from services.evaluator.gate import Gate
from tests.unit.gateway.examples import a_hold

SMALL, LARGE = Tier.SMALL, Tier.LARGE


async def turns(tasks: int = 10) -> None:
    """Lets whatever can go on do so."""
    for _ in range(tasks):
        await asyncio.sleep(0)


async def test_a_tier_is_told_as_held_once_no_request_for_its_jobs_is_out() -> None:
    gate = Gate((SMALL, LARGE))
    with gate.asking(SMALL), gate.asking(LARGE):
        holding = asyncio.create_task(gate.hold({SMALL: a_hold(HoldKind.DRAIN)}))
        await turns()
        shut_at_once, told_at_once = not gate.is_open(SMALL), dict(gate.on_hold)

    await holding

    assert shut_at_once
    assert told_at_once == {}
    assert gate.on_hold == {SMALL: HoldKind.DRAIN}
    assert gate.changed.is_set()
    assert gate.is_open(LARGE)


async def test_requests_for_other_tiers_keep_nobody_waiting() -> None:
    gate = Gate((SMALL, LARGE))

    with gate.asking(LARGE):
        await gate.hold({SMALL: a_hold()})

    assert gate.on_hold == {SMALL: HoldKind.PAUSE}


async def test_an_order_that_stands_already_is_no_news() -> None:
    gate = Gate((SMALL,))
    await gate.hold({SMALL: a_hold()})
    gate.changed.clear()

    await gate.hold({SMALL: a_hold()})

    assert not gate.changed.is_set()


async def test_it_opens_with_the_first_tier_that_is_let_through() -> None:
    gate = Gate((SMALL, LARGE))
    await gate.hold({SMALL: a_hold(), LARGE: a_hold()})
    opening = asyncio.create_task(gate.until_open())
    await turns()
    shut = not opening.done()

    await gate.hold({SMALL: a_hold()})

    await opening
    assert shut
    assert (gate.is_open(SMALL), gate.is_open(LARGE)) == (False, True)


async def test_only_an_order_to_hand_back_calls_jobs_back() -> None:
    gate = Gate((SMALL, LARGE))
    recalled = asyncio.create_task(gate.until_recalled(SMALL))
    called = []
    for holds in (
        {SMALL: a_hold()},
        {SMALL: a_hold(HoldKind.DRAIN)},
        {LARGE: a_hold(HoldKind.DRAIN, hand_back=True)},
        {SMALL: a_hold(HoldKind.DRAIN, hand_back=True)},
    ):
        await gate.hold(holds)
        await turns()
        called.append(recalled.done())

    assert called == [False, False, False, True]
