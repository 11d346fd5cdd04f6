import asyncio
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.subscription import Subscription

from contracts.evaluator import EvaluatorPresence
from contracts.models import ModelRef, Precision, Tier
from services.evaluator.gate import Gate
from services.evaluator.presence import Desk, announced
from tests.integration.evaluator.world import accepted

JOB = accepted(
    ModelRef(repo_id="acme/model", commit="0" * 40, precision=Precision.FLOAT32), "tiny", run=3
)
NEVER = 3600.0
"""Until the next message that tells of no change."""


async def heard(
    said: Subscription, where: Callable[[EvaluatorPresence], bool] = lambda _: True
) -> EvaluatorPresence:
    """The next that fulfils `where`."""
    while True:
        message = await said.next_msg(timeout=60)
        presence = EvaluatorPresence.model_validate_json(message.data)
        if where(presence):
            return presence


def work_of(presence: EvaluatorPresence) -> list[tuple[str, int, int, str | None] | None]:
    works = [device.work for device in presence.devices]
    return [(one.sid, one.run, one.attempt, one.task) if one else None for one in works]


async def test_every_change_is_told_at_once(client: Client) -> None:
    said = await client.subscribe(EvaluatorPresence.subject_filter())
    desks = [Desk("gpu.1-1", "NVIDIA H200"), Desk("gpu.1-2", "cpu")]
    stop = asyncio.Event()
    async with announced(
        client, "gpu.1", Gate((Tier.SMALL, Tier.LARGE)), desks, stop, every_s=NEVER
    ):
        first = await heard(said)
        with desks[1].working_on(JOB, 2):
            busy = await heard(said)
            desks[1].take_up("facts")
            at_facts = await heard(said)
        idle = await heard(said)
        stop.set()
        draining = await heard(said)
    last = await heard(said)

    assert (first.name, first.tiers) == ("gpu.1", (Tier.SMALL, Tier.LARGE))
    assert [(device.name, device.device) for device in first.devices] == [
        ("gpu.1-1", "NVIDIA H200"),
        ("gpu.1-2", "cpu"),
    ]
    assert work_of(first) == [None, None]
    assert work_of(busy) == [None, (JOB.sid, 3, 2, None)]
    assert work_of(at_facts) == [None, (JOB.sid, 3, 2, "facts")]
    assert busy.devices[1].since == at_facts.devices[1].since < idle.devices[1].since
    assert work_of(idle) == [None, None]
    assert (idle.draining, draining.draining) == (False, True)
    assert (draining.stopped, last.stopped) == (False, True)
    assert len({one.instance for one in (first, busy, idle, last)}) == 1


async def test_it_is_told_again_and_again(client: Client) -> None:
    said = await client.subscribe(EvaluatorPresence.subject_filter(name="steady"))
    desk = Desk("steady", "cpu")
    async with announced(
        client, "steady", Gate((Tier.SMALL,)), [desk], asyncio.Event(), every_s=0.05
    ):
        first, *more = [await heard(said) for _ in range(4)]

    assert more == [first, first, first]
    assert first.every_s == 0.05


async def test_a_task_that_nobody_works_on_is_not_told(client: Client) -> None:
    said = await client.subscribe(EvaluatorPresence.subject_filter())
    desk = Desk("idle", "cpu")
    async with announced(
        client, "idle", Gate((Tier.SMALL,)), [desk], asyncio.Event(), every_s=NEVER
    ):
        await heard(said)
        desk.take_up("facts")
    last = await heard(said)

    assert last.stopped
    assert work_of(last) == [None]
