"""Pausing, draining and resuming evaluators over HTTP and by command."""

from typing import Any

import httpx
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.evaluator import EvaluatorPresence
from contracts.models import Tier
from contracts.operation import (
    EvaluatorsDrained,
    EvaluatorsPaused,
    EvaluatorsResumed,
    HoldKind,
    Holds,
    HoldScope,
)
from services.gateway.http.errors import ErrorCode
from tests.bus import all_events, next_event
from tests.command import podium, started
from tests.integration.gateway.gateways import RunningGateway, show
from tests.integration.gateway.test_terminal import printed
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import a_hold, a_request, an_evaluator

WHY = "A new disk."
INCOMPLETE: list[dict[str, Any]] = [
    {"reason": WHY},
    {"all": True, "tier": "small", "reason": WHY},
    {"evaluator": "gpu-1", "tier": "small", "reason": WHY},
    {"evaluator": "", "reason": WHY},
    {"tier": "tiny", "reason": WHY},
    {"all": True},
    {"all": True, "reason": ""},
    {"all": True, "reason": WHY, "hand_back": True},
]
DRAIN_GPU_1 = a_hold(HoldKind.DRAIN, HoldScope.EVALUATOR, "gpu-1")


async def give(
    gateway: RunningGateway, order: str, body: dict[str, Any], token: str = "hf_mod"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30) as http:
        return await http.post(f"/api/v1/evaluators/{order}", json=body)


async def say(client: Client, presence: EvaluatorPresence) -> None:
    await client.publish(presence.subject(), presence.model_dump_json().encode())


async def test_every_order_is_an_event_that_says_who_and_why(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    await show(jetstream, Holds(holds=(a_hold(), DRAIN_GPU_1)))
    await say(client, an_evaluator(every_s=3600))
    await closed.until(
        "/api/v1/evaluators",
        lambda answer: len(answer.json()["items"]) == 1 and len(answer.json()["holds"]) == 2,
    )

    answers = [
        await give(closed, "pause", {"tier": "small", "reason": WHY}),
        await give(closed, "drain", {"evaluator": "gpu.7", "reason": WHY, "hand_back": True}),
        await give(closed, "resume", {"all": True, "reason": WHY}),
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 202], answers[0].text
    assert await all_events(client) == [
        EvaluatorsPaused(scope=HoldScope.TIER, name="small", reason=WHY, by="mona"),
        EvaluatorsDrained(
            scope=HoldScope.EVALUATOR, name="gpu.7", reason=WHY, by="mona", hand_back=True
        ),
        EvaluatorsResumed(scope=HoldScope.ALL, name="all", reason=WHY, by="mona"),
    ]
    assert [answer.json()["evaluators"] for answer in answers] == [1, 0, 1]
    others = [[one["name"] for one in answer.json()["others"]] for answer in answers]
    assert others == [["all", "gpu-1"], ["all", "gpu-1"], ["gpu-1"]]


async def test_an_order_names_whom_it_is_about_and_why(
    closed: RunningGateway, client: Client
) -> None:
    for body in INCOMPLETE:
        assert_error(await give(closed, "pause", body), 422, ErrorCode.INVALID_REQUEST)

    assert await all_events(client) == []


async def test_the_queue_says_who_keeps_it_waiting(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request()
    await show(jetstream, request, Holds(holds=(DRAIN_GPU_1,)))
    await say(client, an_evaluator(on_hold={Tier.SMALL: HoldKind.DRAIN}, every_s=3600))
    await gateway.until(
        "/api/v1/queue",
        lambda answer: any(
            tier["on_hold"] and tier["waiting"]["normal"] for tier in answer.json()["tiers"]
        ),
    )
    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        [tier] = (await http.get("/api/v1/queue")).json()["tiers"]
        [evaluator] = (await http.get("/api/v1/evaluators")).json()["items"]

    assert (tier["evaluators"], tier["on_hold"], tier["starts_at"]) == (0, 1, None)
    assert tier["unknown_because"] == "Every evaluator that serves tier small is on hold."
    assert [(one["name"], one["by"], one["reason"]) for one in tier["holds"]] == [
        ("gpu-1", "mona", "The racks are too hot.")
    ]
    assert (evaluator["readiness"], evaluator["on_hold"]) == ("drained", {"small": "drain"})
    status, output = await podium("workers", "--gateway", gateway.url)
    assert status == 0, output
    assert "drained" in output
    assert "Evaluator gpu-1 was told to drain by mona" in output


async def test_orders_by_command(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    where = ("--token", "hf_mod", "--gateway", closed.url, "--reason", WHY)
    await show(jetstream, Holds(holds=(a_hold(), DRAIN_GPU_1)))
    await closed.until("/api/v1/evaluators", lambda answer: bool(answer.json()["holds"]))

    paused = await podium("workers", "pause", "--tier", "large", *where)
    resumed = await podium("workers", "resume", "--all", *where)
    nobody = await podium("workers", "drain", *where)
    forbidden = await podium("workers", "pause", "gpu-1", *where[2:], "--token", "hf_grace")

    assert (paused[0], "none of those there" in paused[1]) == (0, True), paused
    assert resumed[0] == 0, resumed
    assert "Still standing:\nEvaluator gpu-1 was told to drain by mona" in resumed[1]
    assert (nobody[0], "a NAME, --tier or --all" in nobody[1]) == (2, True), nobody
    assert (forbidden[0], "no moderator" in forbidden[1]) == (1, True), forbidden
    kinds = [type(event) for event in await all_events(client)]
    assert kinds == [EvaluatorsPaused, EvaluatorsResumed]


async def test_waiting_until_a_host_may_go_down(closed: RunningGateway, client: Client) -> None:
    on_hold = {Tier.SMALL: HoldKind.DRAIN}
    await say(client, an_evaluator(at=(a_request(),), every_s=3600))
    await closed.until("/api/v1/evaluators", lambda answer: bool(answer.json()["items"]))
    process = await started(
        *("workers", "drain", "gpu-1", "--wait", "--reason", WHY),
        *("--token", "hf_mod", "--gateway", closed.url),
    )
    ordered = await next_event(client, EvaluatorsDrained)
    assert (ordered.event.name, ordered.event.hand_back) == ("gpu-1", False)

    await say(client, an_evaluator(at=(a_request(),), on_hold=on_hold, every_s=3600))
    assert "draining, 1 running" in await printed(process, "draining")
    await say(client, an_evaluator(on_hold=on_hold, every_s=3600))

    assert "nothing runs on it" in await printed(process, "is drained")
    assert await process.wait() == 0
