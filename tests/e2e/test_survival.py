"""What must not lose or repeat anything: kill -9 of an evaluator and of nats-server, and a stop."""

import os
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
from nats.aio.client import Client

from cli.demo import BOARDS
from cli.stack import Stack
from contracts.evaluation import EvaluationFinished, EvaluationStarted, EvaluationTaskScored
from contracts.topology import CONSUMERS
from contracts.views import Entry
from demo.recipes import NAMESPACE
from runtime.boards import read_board
from runtime.bus import connect
from runtime.topology import ensure_topology, with_ack_wait
from tests.bus import all_events, next_event, next_view
from tests.e2e.conftest import StartStack
from tests.waiting import until

ACK_WAIT_S = 6
SETTLES_S = 120
TASKS = {task.id for task in read_board(BOARDS / "demo.yaml").tasks}


async def submit(stack: Stack, model: str = "llama-400k-long") -> str:
    async with httpx.AsyncClient(base_url=stack.url, timeout=30) as http:
        answer = await http.post(
            "/api/v1/submissions",
            json={"model": f"{NAMESPACE}/{model}", "precision": "float32"},
        )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def both_evaluators_are_ready(stack: Stack) -> None:
    for number in (1, 2):
        log_file = stack.logs / f"evaluator-{number}.log"
        await until(partial(_says_ready, log_file), SETTLES_S)


def _says_ready(log_file: Path) -> bool:
    return "ready" in log_file.read_text()


async def first_score(client: Client, sid: str) -> EvaluationTaskScored:
    scored = await next_event(
        client, EvaluationTaskScored, lambda event: event.sid == sid, SETTLES_S
    )
    return scored.event


async def assert_every_task_is_scored_once(client: Client, sid: str) -> None:
    entry = await next_view(
        client, Entry, lambda entry: entry.sid == sid and not entry.provisional, SETTLES_S
    )
    scored = [
        event for event in await all_events(client) if isinstance(event, EvaluationTaskScored)
    ]
    assert Counter(event.task for event in scored) == dict.fromkeys(TASKS, 1)
    assert set(entry.scores) == TASKS


async def test_a_job_goes_on_when_its_evaluator_is_killed(
    start_stack: StartStack,
) -> None:
    async with start_stack(evaluators=2) as stack:
        client = await connect(stack.nats_url, name="test")
        await ensure_topology(client.jetstream(), consumers=with_ack_wait(CONSUMERS, ACK_WAIT_S))
        await both_evaluators_are_ready(stack)
        sid = await submit(stack)
        await first_score(client, sid)
        first = await next_event(client, EvaluationStarted, lambda event: event.sid == sid)
        number = first.event.evaluator.rpartition("-")[2]

        os.kill(stack.supervisor.pid(f"evaluator-{number}"), signal.SIGKILL)
        killed_at = datetime.now(UTC)
        # By the stand-by, or by the killed one, which is up again by then: whoever asks first.
        again = await next_event(
            client, EvaluationStarted, lambda event: event.attempt == 2, SETTLES_S
        )

        # The default `ack_wait` is a minute, of which a third may have gone by.
        assert again.envelope.time - killed_at < timedelta(seconds=30)
        await assert_every_task_is_scored_once(client, sid)
        await client.close()


async def test_everything_recovers_when_nats_server_is_killed(start_stack: StartStack) -> None:
    async with start_stack() as stack:
        client = await connect(stack.nats_url, name="test")
        sid = await submit(stack)
        await first_score(client, sid)

        os.kill(stack.supervisor.pid("nats-server"), signal.SIGKILL)

        await assert_every_task_is_scored_once(client, sid)
        later = await submit(stack, "llama-400k-short")
        await next_event(client, EvaluationFinished, lambda event: event.sid == later, SETTLES_S)
        async with httpx.AsyncClient(base_url=stack.url, timeout=30) as http:
            entries = (await http.get("/api/v1/boards/demo/entries")).json()["items"]
        assert sid in {entry["request_id"] for entry in entries}
        await client.close()


async def test_a_stopped_podium_goes_on_where_it_was(start_stack: StartStack) -> None:
    async with start_stack() as stack:
        client = await connect(stack.nats_url, name="test")
        sid = await submit(stack)
        await first_score(client, sid)
        await client.close()

    async with start_stack() as stack:
        client = await connect(stack.nats_url, name="test")
        await assert_every_task_is_scored_once(client, sid)
        await client.close()
