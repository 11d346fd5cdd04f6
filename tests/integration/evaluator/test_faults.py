"""What becomes of a job when its evaluator, or the bus, dies in the middle of it."""

import asyncio
import signal
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from nats.aio.client import Client

from contracts.envelope import Envelope
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    EvaluationTaskScored,
    FailureCause,
)
from contracts.models import ModelRef, Tier
from contracts.topology import CONSUMERS
from runtime.boards import load_boards
from runtime.bus import connect, publish_event
from runtime.embedded_nats import NatsServer
from runtime.topology import ensure_topology, with_ack_wait
from services.evaluator.gate import Gate
from services.evaluator.jobs import JobQueues
from services.evaluator.record import RunRecord
from tests.bus import all_events, next_event, until_no_job_is_left
from tests.integration.evaluator.world import (
    World,
    accepted,
    descendants,
    log_of,
    models_children,
    running_evaluator,
    wait_until_gone,
)
from tests.waiting import until

ACK_WAIT_S = 3.0
OUTCOMES = (EvaluationTaskScored, EvaluationFinished, EvaluationFailed)


async def start_job(client: Client, model: ModelRef, ack_wait_s: float = ACK_WAIT_S) -> str:
    """Submit a job of two tasks, wait until the first is scored, and tell who runs it."""
    await ensure_topology(client.jetstream(), consumers=with_ack_wait(CONSUMERS, ack_wait_s))
    job = accepted(model, "long")
    await publish_event(client.jetstream(), job, Envelope.of(job, "test"))
    started = await next_event(client, EvaluationStarted)
    await next_event(client, EvaluationTaskScored)
    return started.event.evaluator


async def assert_each_task_was_scored_once(client: Client) -> None:
    await next_event(client, EvaluationFinished)
    events = await all_events(client)
    scored = [event.task for event in events if isinstance(event, EvaluationTaskScored)]
    assert scored == ["colours", "endurance"]


@pytest.mark.parametrize(
    ("number", "ack_wait_s"), [(signal.SIGKILL, ACK_WAIT_S), (signal.SIGTERM, 600)]
)
async def test_a_job_goes_on_in_another_evaluator(
    world: World, client: Client, nats_url: str, number: signal.Signals, ack_wait_s: float
) -> None:
    """After `ack_wait`; at once if the evaluator can hand the job back."""
    with ExitStack() as stack:
        evaluators = {
            name: stack.enter_context(running_evaluator(world, nats_url, name))
            for name in (f"{number.name}-first", f"{number.name}-second")
        }
        holder = evaluators[await start_job(client, world.model("acme/good"), ack_wait_s)]
        processes = descendants(holder.pid)

        holder.send_signal(number)

        await next_event(client, EvaluationStarted, lambda it: it.attempt == 2)
        await assert_each_task_was_scored_once(client)
        assert holder.wait(timeout=60) == (0 if number == signal.SIGTERM else -number)
        assert len(processes) >= 2
        wait_until_gone(processes)


async def test_an_evaluator_that_was_taken_for_dead_leaves_the_job_to_the_next(
    world: World, client: Client, nats_url: str
) -> None:
    js = client.jetstream()
    await ensure_topology(js, consumers=with_ack_wait(CONSUMERS, ACK_WAIT_S))
    job = accepted(world.model("acme/good"), "slow")
    await publish_event(js, job, Envelope.of(job, "test"))
    with running_evaluator(world, nats_url, "paused") as evaluator:
        await next_event(client, EvaluationStarted)
        children = await until(lambda: models_children(evaluator))

        evaluator.send_signal(signal.SIGSTOP)
        taken = await JobQueues(client, Gate((Tier.SMALL,))).next_job(asyncio.Event())
        assert taken
        async with taken.kept():
            board = load_boards(world.boards)["slow"]
            await RunRecord(client, js, taken).started(board, "next", "cpu")
            evaluator.send_signal(signal.SIGCONT)

            # In a thread: the job is kept by this one.
            await asyncio.to_thread(wait_until_gone, children)
        await taken.done()
        assert not [event for event in await all_events(client) if isinstance(event, OUTCOMES)]
        following = accepted(world.model("acme/good"), "single")
        await publish_event(js, following, Envelope.of(following, "test"))
        await next_event(client, EvaluationFinished)


async def test_an_evaluator_whose_device_is_lost_leaves_the_queue_to_others(
    world: World, client: Client, nats_url: str
) -> None:
    js = client.jetstream()
    once = tuple(replace(consumer, max_deliver=1) for consumer in CONSUMERS)
    await ensure_topology(js, consumers=once)
    first, second = (accepted(world.model("acme/good"), board) for board in ("single", "tiny"))
    # Nothing can be computed on PyTorch's device for shapes without values.
    with running_evaluator(world, nats_url, "deviceless", EVALUATOR_DEVICES='["meta"]'):
        await publish_event(js, first, Envelope.of(first, "test"))
        failed = await next_event(client, EvaluationFailed)
        log = log_of(world, "deviceless")
        await until(lambda: "no job is taken until the device works" in log.read_text())

        await publish_event(js, second, Envelope.of(second, "test"))
        with running_evaluator(world, nats_url, "sound"):
            await next_event(client, EvaluationFinished)

    assert failed.event.cause is FailureCause.INFRASTRUCTURE
    assert failed.event.reason.code == "evaluator-device-broken"
    started = [event for event in await all_events(client) if isinstance(event, EvaluationStarted)]
    assert [(event.sid, event.evaluator) for event in started] == [
        (first.sid, "deviceless"),
        (second.sid, "sound"),
    ]


async def test_a_job_outlives_the_death_of_nats(world: World, tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    with ExitStack() as stack:
        process = server.start()
        stack.callback(lambda: _end(process))
        url = server.wait_until_ready(process)
        client = await connect(url, name="test")
        stack.enter_context(running_evaluator(world, url, "outliving"))
        await start_job(client, world.model("acme/good"))

        process.kill()
        process.wait()
        process = NatsServer(server.folder, int(url.rpartition(":")[2])).start()

        await assert_each_task_was_scored_once(client)
        attempts = [
            event for event in await all_events(client) if isinstance(event, EvaluationStarted)
        ]
        assert len(attempts) == 1
        await until_no_job_is_left(client.jetstream())
        await client.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=20)
