"""What operators' orders do to evaluators, from the view that they go by to the queue."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.evaluation import EvaluationFailed, EvaluationFinished, EvaluationStarted
from contracts.evaluator import EvaluatorPresence
from contracts.models import Lane, Tier
from contracts.operation import Hold, HoldKind, Holds, HoldScope
from contracts.topology import EVALUATORS, VIEWS
from runtime.bus import publish_event
from runtime.topology import ensure_topology
from services.evaluator.gate import Gate, look
from services.evaluator.jobs import JobQueues
from services.evaluator.work import call_off
from tests.bus import all_events, next_event
from tests.integration.evaluator.test_jobs import job_for, submit, take
from tests.integration.evaluator.test_presence import heard, work_of
from tests.integration.evaluator.world import World, accepted, running_evaluator
from tests.waiting import until_answered

SMALL = Tier.SMALL
PAUSE_SMALL = Hold(
    kind=HoldKind.PAUSE,
    scope=HoldScope.TIER,
    name=SMALL,
    reason="Heat.",
    by="ada",
    at=datetime(2026, 1, 1, tzinfo=UTC),
)
DRAIN_GPU_1 = PAUSE_SMALL.model_copy(
    update={"kind": HoldKind.DRAIN, "scope": HoldScope.EVALUATOR, "name": "gpu-1"}
)
HAND_BACK = DRAIN_GPU_1.model_copy(update={"hand_back": True})


async def order(js: JetStreamContext, *holds: Hold) -> None:
    """From now on these stand, and no others."""
    view = Holds(holds=holds)
    await js.publish(view.subject(), view.model_dump_json().encode(), stream=VIEWS.name)


async def in_the_queue(js: JetStreamContext) -> tuple[int | None, int | None]:
    """How many jobs of the small tier nobody has asked for, and how many somebody holds."""
    consumer = EVALUATORS[SMALL, Lane.NORMAL]
    info = await js.consumer_info(consumer.stream.name, consumer.name)
    return info.num_pending, info.num_ack_pending


async def a_request_is_out(js: JetStreamContext) -> bool:
    consumer = EVALUATORS[SMALL, Lane.NORMAL]
    info = await js.consumer_info(consumer.stream.name, consumer.name)
    return bool(info.num_waiting)


async def test_a_gate_follows_the_orders_that_concern_it(
    client: Client, jetstream: JetStreamContext
) -> None:
    gates = {name: Gate((SMALL, Tier.LARGE)) for name in ("gpu-1", "gpu-2")}
    said = []
    for holds in ((), (PAUSE_SMALL,), (PAUSE_SMALL, DRAIN_GPU_1), ()):
        await order(jetstream, *holds)
        for name, gate in gates.items():
            await look(jetstream, name, gate)
        said.append([dict(gate.on_hold) for gate in gates.values()])

    small = {SMALL: HoldKind.PAUSE}
    assert said == [
        [{}, {}],
        [small, small],
        [{SMALL: HoldKind.DRAIN, Tier.LARGE: HoldKind.DRAIN}, small],
        [{}, {}],
    ]


async def test_orders_that_cannot_be_read_change_nothing(
    client: Client, jetstream: JetStreamContext
) -> None:
    gate = Gate((SMALL,))
    await order(jetstream, PAUSE_SMALL)
    await look(jetstream, "gpu-1", gate)
    await jetstream.publish(Holds.subject_filter(), b'{"holds": 7}', stream=VIEWS.name)

    await look(jetstream, "gpu-1", gate)

    assert gate.on_hold == {SMALL: HoldKind.PAUSE}


async def test_behind_a_shut_gate_jobs_stay_in_the_queue(
    client: Client, jetstream: JetStreamContext
) -> None:
    gate = Gate((SMALL, Tier.MEDIUM))
    await order(jetstream, PAUSE_SMALL)
    await look(jetstream, "gpu-1", gate)
    small, medium = job_for(1), job_for(2, Tier.MEDIUM)
    await submit(jetstream, small, medium)
    queues = JobQueues(client, gate)

    let_through = await take(queues)
    waiting = asyncio.create_task(take(queues))
    before = await in_the_queue(jetstream)
    await order(jetstream)
    await look(jetstream, "gpu-1", gate)
    after = await waiting

    assert let_through.accepted.sid == medium.sid
    assert before == (1, 0)
    assert (after.accepted.sid, after.attempt) == (small.sid, 1)


async def test_a_job_on_its_way_is_at_work_before_its_tier_is_told_as_held(
    client: Client, jetstream: JetStreamContext
) -> None:
    told: list[str] = []
    gate = Gate((SMALL,))

    async def work() -> None:
        await take(JobQueues(client, gate))
        told.append("at work")

    async def hold() -> None:
        await gate.hold({SMALL: PAUSE_SMALL})
        told.append("on hold")

    working = asyncio.create_task(work())
    await until_answered(lambda: a_request_is_out(jetstream))
    holding = asyncio.create_task(hold())
    await submit(jetstream, job_for(1))
    await holding
    in_hand = (await in_the_queue(jetstream)) == (0, 1)
    working.cancel()

    # On a slow machine the request may have run out before the job came.
    assert told == (["at work", "on hold"] if in_hand else ["on hold"])


async def test_a_job_that_would_not_come_back_is_not_handed_back(
    client: Client, jetstream: JetStreamContext
) -> None:
    twice = replace(EVALUATORS[SMALL, Lane.NORMAL], max_deliver=2)
    await ensure_topology(jetstream, consumers=(twice,))
    await submit(jetstream, job_for(1))
    gate, stop = Gate((SMALL,)), asyncio.Event()
    queues = JobQueues(client, gate)
    first = await take(queues)
    await first.give_back(0.01)
    last = await take(queues)
    await gate.hold({SMALL: HAND_BACK})

    leave_first, leave_last = asyncio.Event(), asyncio.Event()
    leaving_last = asyncio.create_task(call_off(last, gate, stop, leave_last))
    await call_off(first, gate, stop, leave_first)
    called_off = (leave_first.is_set(), leave_last.is_set())
    stop.set()
    await leaving_last

    assert called_off == (True, False)
    assert leave_last.is_set()


async def test_an_evaluator_obeys_from_its_start_on_and_loses_no_job(
    world: World, client: Client, jetstream: JetStreamContext, nats_url: str
) -> None:
    presence = await client.subscribe(EvaluatorPresence.subject_filter(name="gpu-1"))
    brief, long = (accepted(world.model("acme/good"), board) for board in ("lasting", "slow"))
    drain = {SMALL: HoldKind.DRAIN}
    await order(jetstream, PAUSE_SMALL)
    await publish_event(jetstream, brief, Envelope.of(brief, "test"))

    with running_evaluator(world, nats_url, "gpu-1") as evaluator:
        paused = await heard(presence)
        left_alone = await in_the_queue(jetstream)
        await order(jetstream)
        await next_event(client, EvaluationStarted)
        await order(jetstream, DRAIN_GPU_1)
        await heard(presence, lambda one: one.on_hold == drain)
        await publish_event(jetstream, long, Envelope.of(long, "test"))
        await next_event(client, EvaluationFinished)
        drained = await heard(presence, lambda one: one.on_hold == drain and work_of(one) == [None])
        not_taken = await in_the_queue(jetstream)
        await order(jetstream)
        await next_event(client, EvaluationStarted, lambda event: event.sid == long.sid)
        await order(jetstream, HAND_BACK)
        await heard(presence, lambda one: work_of(one) != [None])
        emptied = await heard(presence, lambda one: one.on_hold == drain and work_of(one) == [None])
        returned = await take(JobQueues(client, Gate((SMALL,))))
        assert evaluator.poll() is None

    assert (paused.on_hold, left_alone) == ({SMALL: HoldKind.PAUSE}, (1, 0))
    assert (drained.draining, not_taken) == (False, (1, 0))
    assert not emptied.draining
    assert (returned.accepted.sid, returned.attempt) == (long.sid, 2)
    events = await all_events(client)
    assert not [event for event in events if isinstance(event, EvaluationFailed)]
