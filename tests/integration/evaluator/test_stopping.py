"""What SIGTERM does to jobs in the middle of a task."""

import asyncio
import signal
import socket
import subprocess

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.evaluation import EvaluationFailed, EvaluationProgress, EvaluationStarted
from contracts.evaluator import EvaluatorPresence
from contracts.models import Tier
from contracts.submission import SubmissionAccepted
from runtime.bus import publish_event
from services.evaluator.checkpoints import Checkpoints
from services.evaluator.gate import Gate
from services.evaluator.jobs import JobQueues
from tests.bus import all_events, next_event
from tests.integration.evaluator.world import (
    World,
    accepted,
    descendants,
    running_evaluator,
    wait_until_gone,
)

LM_EVALS_OWN = {"EVALUATOR_ENGINE": "hf"}
"""Takes ten seconds or more for the task, in many steps."""


async def answering(client: Client, job: SubmissionAccepted, attempt: int) -> None:
    """Wait until that attempt has begun to ask the model."""
    progress = await client.subscribe(EvaluationProgress.subject_filter(sid=job.sid))
    async with asyncio.timeout(60):
        while True:
            message = await progress.next_msg(timeout=60)
            step = EvaluationProgress.model_validate_json(message.data)
            if step.attempt == attempt and step.phase == "scoring" and step.total:
                return


async def taken_by(client: Client, job: SubmissionAccepted) -> str:
    started = await next_event(client, EvaluationStarted, lambda event: event.sid == job.sid)
    return started.event.evaluator


def stop(evaluator: subprocess.Popen[bytes]) -> None:
    """Raises subprocess.TimeoutExpired for an evaluator that does not end."""
    evaluator.send_signal(signal.SIGTERM)
    assert evaluator.wait(timeout=60) == 0


async def test_a_task_goes_on_in_another_evaluator_where_it_was_stopped(
    world: World, client: Client, jetstream: JetStreamContext, nats_url: str
) -> None:
    job = accepted(world.model("acme/deep"), "lasting")
    await publish_event(jetstream, job, Envelope.of(job, "test"))

    for attempt in (1, 2):
        with running_evaluator(world, nats_url, f"stop-{attempt}", **LM_EVALS_OWN) as evaluator:
            await answering(client, job, attempt)
            stop(evaluator)

    one, other = await Checkpoints(jetstream, job, 3).load("endurance")
    assert one.finished.start == 0
    assert one.finished.stop == other.finished.start
    assert 0 < one.seconds < other.seconds
    events = await all_events(client)
    assert not [event for event in events if isinstance(event, EvaluationFailed)]


async def test_every_device_takes_a_job_and_hands_it_back(
    world: World, client: Client, jetstream: JetStreamContext, nats_url: str
) -> None:
    jobs = [accepted(world.model(f"acme/{name}"), "slow") for name in ("good", "no-change")]
    for job in jobs:
        await publish_event(jetstream, job, Envelope.of(job, "test"))
    presence = await client.subscribe(EvaluatorPresence.subject_filter(name="pair"))

    with running_evaluator(
        world, nats_url, "pair", EVALUATOR_DEVICES='["cpu", "cpu"]'
    ) as evaluator:
        names = {await taken_by(client, job) for job in jobs}
        processes = descendants(evaluator.pid)
        stop(evaluator)

    assert names == {"pair-1", "pair-2"}
    said: list[EvaluatorPresence] = []
    while not (said and said[-1].stopped):
        message = await presence.next_msg(timeout=60)
        said.append(EvaluatorPresence.model_validate_json(message.data))
    at_once = {frozenset(d.work.sid for d in one.devices if d.work) for one in said}
    assert {job.sid for job in jobs} in at_once
    assert [one.draining for one in said] == sorted(one.draining for one in said)
    assert not said[0].draining
    assert said[-2].draining
    wait_until_gone(processes)
    queues = JobQueues(client, Gate((Tier.SMALL,)))
    returned = [await queues.next_job(asyncio.Event()) for _ in jobs]
    assert {(job.accepted.sid, job.attempt) for job in returned if job} == {
        (job.sid, 2) for job in jobs
    }


async def test_a_hub_that_has_gone_silent_keeps_neither_evaluator_nor_job(
    world: World, client: Client, jetstream: JetStreamContext, nats_url: str
) -> None:
    job = accepted(world.model("acme/good"), "slow")
    await publish_event(jetstream, job, Envelope.of(job, "test"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with running_evaluator(world, nats_url, "waiting", HF_ENDPOINT=address) as evaluator:
            async with asyncio.timeout(60):
                connection, _ = await asyncio.to_thread(silent.accept)

            with connection:
                evaluator.send_signal(signal.SIGTERM)

                evaluator.wait(timeout=60)
    returned = await JobQueues(client, Gate((Tier.SMALL,))).next_job(asyncio.Event())
    assert returned
    assert (returned.accepted.sid, returned.attempt) == (job.sid, 2)
