import asyncio
from dataclasses import replace

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.models import Lane, ModelRef, Precision, Tier
from contracts.submission import SubmissionAccepted
from contracts.topology import CONSUMERS, EVALUATORS, JOBS
from runtime.bus import publish_event
from runtime.topology import ensure_topology, with_ack_wait
from services.evaluator import jobs
from services.evaluator.gate import Gate
from services.evaluator.jobs import Job, JobQueues
from tests.bus import until_copied, until_no_job_is_left
from tests.integration.evaluator.world import accepted
from tests.waiting import HANGS_S, until_answered


def job_for(number: int, tier: Tier = Tier.SMALL, lane: Lane = Lane.NORMAL) -> SubmissionAccepted:
    model = ModelRef(repo_id=f"acme/model-{number}", commit="0" * 40, precision=Precision.FLOAT32)
    return accepted(model, "tiny").model_copy(update={"tier": tier, "lane": lane})


async def submit(js: JetStreamContext, *accepted_jobs: SubmissionAccepted) -> None:
    """Returns once all of them are in the queue."""
    before = (await js.stream_info(JOBS.name)).state.last_seq
    for job in accepted_jobs:
        await publish_event(js, job, Envelope.of(job, "test"))
    await until_copied(js, before + len(accepted_jobs))


async def take(queues: JobQueues) -> Job:
    async with asyncio.timeout(HANGS_S):
        job = await queues.next_job(asyncio.Event())
    assert job
    return job


async def test_the_high_lane_of_every_tier_comes_first(
    client: Client, jetstream: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal, high, other = job_for(1), job_for(2, lane=Lane.HIGH), job_for(3, Tier.MEDIUM, Lane.HIGH)
    await submit(jetstream, normal, high, other)
    queues = JobQueues(client, Gate((Tier.SMALL, Tier.MEDIUM)))

    with monkeypatch.context() as patient:
        # A queue that answers too late, on a busy machine, is passed over.
        patient.setattr(jobs, "_ROUND_S", HANGS_S)
        first = {(await take(queues)).accepted.sid for _ in range(2)}
    last = await take(queues)

    assert first == {high.sid, other.sid}
    assert last.accepted.sid == normal.sid


async def test_tiers_take_turns(client: Client, jetstream: JetStreamContext) -> None:
    small = [job_for(number) for number in range(3)]
    medium = [job_for(number, Tier.MEDIUM) for number in range(3, 6)]
    await submit(jetstream, *small, *medium)
    queues = JobQueues(client, Gate((Tier.SMALL, Tier.MEDIUM)))

    tiers = [(await take(queues)).accepted.tier for _ in range(4)]

    assert tiers[:2] in ([Tier.SMALL, Tier.MEDIUM], [Tier.MEDIUM, Tier.SMALL])
    assert tiers[:2] == tiers[2:]


async def test_a_job_given_back_returns_as_the_next_attempt(
    client: Client, jetstream: JetStreamContext
) -> None:
    thrice = replace(EVALUATORS[Tier.SMALL, Lane.NORMAL], max_deliver=3)
    await ensure_topology(jetstream, consumers=(thrice,))
    await submit(jetstream, job_for(1))
    queues = JobQueues(client, Gate((Tier.SMALL,)))

    attempts = []
    for _ in range(3):
        job = await take(queues)
        attempts.append((job.attempt, job.is_last_attempt))
        await job.give_back(0.1)

    assert attempts == [(1, False), (2, False), (3, True)]


async def test_a_job_that_is_kept_is_not_given_to_another(client: Client) -> None:
    js = client.jetstream()
    # Three heartbeats have to be missed in a row, on a machine that may be busy.
    await ensure_topology(js, consumers=with_ack_wait(CONSUMERS, 1.5))
    await submit(js, job_for(1), job_for(2))
    queues = JobQueues(client, Gate((Tier.SMALL,)))
    held = await take(queues)

    async with held.kept():
        dropped = await take(queues)
        # The other job was not kept: once it comes back, the time of the held one was up as well.
        again = await take(queues)
    await held.done()
    await again.done()

    assert again.accepted == dropped.accepted
    assert again.attempt == 2
    await until_no_job_is_left(js)


async def test_only_the_job_that_is_taken_leaves_the_queue(
    client: Client, jetstream: JetStreamContext
) -> None:
    queues = JobQueues(client, Gate((Tier.SMALL,)))
    await submit(jetstream, job_for(1), job_for(2))

    await take(queues)

    consumer = EVALUATORS[Tier.SMALL, Lane.NORMAL]

    async def one_is_out_and_one_waits() -> bool:
        info = await jetstream.consumer_info(consumer.stream.name, consumer.name)
        return (info.num_ack_pending, info.num_pending) == (1, 1)

    await until_answered(one_is_out_and_one_waits)
