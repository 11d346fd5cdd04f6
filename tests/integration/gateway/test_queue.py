"""What waits, what runs and who serves it, as a gateway tells it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.evaluation import EvaluationProgress
from contracts.evaluator import EvaluatorPresence
from contracts.models import Lane, Tier
from contracts.views import HistoryEntry, RequestState
from runtime.bus import connect
from services.evaluator.gate import Gate
from services.evaluator.presence import Desk, announced
from tests.integration.gateway.gateways import RunningGateway, show
from tests.unit.gateway.examples import NOON, a_request, an_evaluator


async def say(client: Client, presence: EvaluatorPresence) -> None:
    await client.publish(presence.subject(), presence.model_dump_json().encode())


@asynccontextmanager
async def followed(
    gateway: RunningGateway, sid: str, last_event_id: str = ""
) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with (
        httpx.AsyncClient(base_url=gateway.url, timeout=60) as http,
        aconnect_sse(http, "GET", f"/api/v1/requests/{sid}/events", headers=headers) as source,
    ):
        yield source.aiter_sse()


async def next_of(events: AsyncIterator[ServerSentEvent], kind: str) -> ServerSentEvent:
    async for event in events:
        if event.event == kind:
            return event
    raise AssertionError(f"the stream ended before {kind!r}")


def named(*names: str) -> Callable[[httpx.Response], bool]:
    """Whether these evaluators are there and no others."""
    return lambda answer: [it["name"] for it in answer.json()["items"]] == list(names)


async def test_evaluators_come_and_go(gateway: RunningGateway, client: Client) -> None:
    await say(client, an_evaluator("gpu.1", at=(a_request(), None), every_s=3600))
    await gateway.until("/api/v1/evaluators", named("gpu.1"))

    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        [evaluator] = (await http.get("/api/v1/evaluators")).json()["items"]
    busy, idle = evaluator["devices"]
    assert (evaluator["tiers"], evaluator["version"]) == (["small"], "0.1.0")
    assert evaluator["draining"] is False
    assert (busy["name"], busy["device"]) == ("gpu.1-1", "NVIDIA H200")
    assert (busy["request_id"], busy["run"]) == (a_request().sid, 1)
    assert (idle["request_id"], idle["since"]) == (None, "2026-01-01T12:00:00Z")

    await say(client, an_evaluator("gpu.1", stopped=True))
    await gateway.until("/api/v1/evaluators", named())


async def test_an_evaluator_that_falls_silent_is_forgotten(
    gateway: RunningGateway, nats_url: str
) -> None:
    its_own = await connect(nats_url, name="evaluator")
    desks = [Desk("brief", "cpu")]
    async with announced(
        its_own, "brief", Gate((Tier.SMALL,)), desks, asyncio.Event(), every_s=0.2
    ):
        await gateway.until("/api/v1/evaluators", named("brief"))

        await its_own.close()

        await gateway.until("/api/v1/evaluators", named())


async def test_the_queue_tells_places_and_who_serves(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    now = a_request("acme/now", RequestState.RUNNING, attempt=1)
    first, second = a_request("acme/first", minutes=1), a_request("acme/second", minutes=2)
    hurried = a_request("acme/hurried", minutes=3, lane=Lane.HIGH)
    await show(jetstream, now, second, first, hurried)
    await say(client, an_evaluator(at=(now, None), every_s=3600))

    await gateway.until(
        "/api/v1/queue",
        lambda answer: (
            answer.json()["waiting_total"] == 3 and answer.json()["tiers"][0]["evaluators"] == 1
        ),
    )

    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        queue = (await http.get("/api/v1/queue", params={"limit": 2})).json()
        details = (await http.get(f"/api/v1/requests/{second.sid}")).json()
        other = (await http.get("/api/v1/queue", params={"tier": "large"})).json()
        page = (await http.get(f"/requests/{now.sid}")).text
    [small] = queue["tiers"]
    assert (small["waiting"], small["running"], small["devices"]) == (
        {"high": 1, "normal": 2},
        1,
        2,
    )
    assert [request["model"] for request in queue["running"]] == ["acme/now"]
    assert queue["running"][0]["progress"]["phase"] == "starting"
    assert [request["model"] for request in queue["waiting"]] == ["acme/hurried", "acme/first"]
    assert queue["waiting"][0]["queue"]["starts_at"]
    assert (details["queue"]["place"], details["queue"]["waiting"]) == (3, 3)
    assert details["queue"]["starts_at"] is None
    assert details["queue"]["unknown_because"].startswith("No estimate yet")
    assert "No estimate yet: it takes 3 finished evaluations" in page
    assert other == {"tiers": [], "running": [], "waiting": [], "waiting_total": 0}


async def test_a_request_is_followed_to_its_end(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    waiting = a_request()
    running = a_request(state=RequestState.RUNNING, attempt=1)
    await show(jetstream, waiting)
    await gateway.until(f"/api/v1/requests/{waiting.sid}", lambda answer: answer.is_success)
    async with followed(gateway, waiting.sid) as events:
        first = await next_of(events, "request")
        assert first.json()["queue"]["place"] == 1

        await say(client, an_evaluator(every_s=3600))
        assert (await next_of(events, "queue")).json()["evaluators"] == 1

        await show(jetstream, running)
        started = await next_of(events, "request")
        assert started.json()["state"] == "running"
        progress = EvaluationProgress(
            sid=running.sid,
            run=1,
            attempt=1,
            phase="scoring",
            task="grammar",
            done=3,
            total=9,
            per_second=1.5,
            seconds_left=4,
        )
        await client.publish(progress.subject(), progress.model_dump_json().encode())
        told = (await next_of(events, "progress")).json()
        assert (told["task"], told["done"], told["per_second"]) == ("grammar", 3, 1.5)

    async with followed(gateway, waiting.sid, started.id) as events:
        await show(jetstream, a_request(state=RequestState.FINISHED, attempt=1))
        last = await next_of(events, "request")
        assert last.json()["state"] == "finished"
        assert (await next_of(events, "end")).json() == {"state": "finished"}
        assert [event async for event in events] == []

    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        again = await http.get(
            f"/api/v1/requests/{waiting.sid}/events", headers={"Last-Event-ID": last.id}
        )
    assert (again.status_code, again.content) == (204, b"")


async def test_the_timeline_is_told_in_sentences(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    request = a_request()
    cancelled = HistoryEntry(at=NOON, what="submission.cancelled", note="a typo", by="mona")
    await show(
        jetstream,
        request.model_copy(update={"submitter": "ada", "history": (*request.history, cancelled)}),
    )

    await gateway.until(
        f"/api/v1/requests/{request.sid}/timeline",
        lambda answer: (
            answer.is_success
            and answer.json()["items"]
            == [
                {
                    "at": "2026-01-01T12:00:00Z",
                    "what": "submission.received",
                    "note": "",
                    "by": "ada",
                    "sentence": "Submitted by ada.",
                },
                {
                    "at": "2026-01-01T12:00:00Z",
                    "what": "submission.cancelled",
                    "note": "a typo",
                    "by": "mona",
                    "sentence": "Cancelled by mona: a typo.",
                },
            ]
        ),
    )
