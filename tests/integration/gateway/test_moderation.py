"""Decisions of moderators over HTTP and by command, and the log of them."""

import asyncio
import os
import sys
from typing import Any

import httpx
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.moderation import ModelFlagged, ModelRenamed
from contracts.views import Decision
from services.gateway.http.errors import ErrorCode
from tests.bus import all_events, next_event
from tests.integration.gateway.gateways import RunningGateway, show
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import NOON

MODEL, WHY = "acme/tiny", "Its authors asked for it."
DECISIONS: list[dict[str, Any]] = [
    {"what": "flag", "model": MODEL, "reason": WHY, "link": "https://hub/d/1"},
    {"what": "rename", "model": MODEL, "new_name": "acme/small"},
    *(
        {"what": what, "model": MODEL, "reason": WHY}
        for what in ("unflag", "remove", "restore", "note", "bar", "unbar")
    ),
    {"what": "name-provider", "organisation": "acme", "reason": WHY},
    {"what": "withdraw-provider", "organisation": "acme", "reason": WHY},
    {"what": "ban", "user": "grace", "reason": WHY},
    {"what": "unban", "user": "grace", "reason": WHY},
]


async def decide(
    gateway: RunningGateway, decision: dict[str, Any], token: str | None = "hf_mod"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30) as http:
        return await http.post("/api/v1/moderation", json=decision)


async def test_every_decision_is_an_event_with_the_moderators_name(
    closed: RunningGateway, client: Client
) -> None:
    answers = [await decide(closed, decision) for decision in DECISIONS]

    assert [answer.status_code for answer in answers] == [202] * len(DECISIONS)
    events = await all_events(client)
    kinds = [event.type_name().removeprefix("podium.v1.moderation.") for event in events]
    assert kinds == [answer.json()["what"] for answer in answers]
    assert len(set(kinds)) == len(DECISIONS)
    assert {getattr(event, "by", None) for event in events} == {"mona"}
    flagged = (await next_event(client, ModelFlagged)).event
    assert (flagged.reason, flagged.link) == (WHY, "https://hub/d/1")
    assert (await next_event(client, ModelRenamed)).event.new_repo_id == "acme/small"


async def test_who_is_no_moderator_decides_nothing(closed: RunningGateway, client: Client) -> None:
    for decision in DECISIONS:
        assert_error(await decide(closed, decision, None), 401, ErrorCode.SIGN_IN_REQUIRED)
        assert_error(await decide(closed, decision, "hf_ada"), 403, ErrorCode.FORBIDDEN)

    assert await all_events(client) == []


@pytest.mark.parametrize(
    "decision",
    [
        {"what": "flag", "model": MODEL},
        {"what": "flag", "model": MODEL, "reason": ""},
        {"what": "flag", "model": MODEL, "reason": WHY, "link": "javascript:alert(1)"},
        {"what": "ban", "model": MODEL, "reason": WHY},
        {"what": "praise", "model": MODEL, "reason": WHY},
        {"what": "remove", "model": "tiny", "reason": WHY},
        {"what": "remove", "model": MODEL, "reason": WHY, "by": "ada"},
    ],
)
async def test_a_malformed_decision_is_refused(
    closed: RunningGateway, client: Client, decision: dict[str, Any]
) -> None:
    assert_error(await decide(closed, decision), 422, ErrorCode.INVALID_REQUEST)
    assert await all_events(client) == []


async def test_the_log_is_open_to_everybody_newest_first(
    closed: RunningGateway, jetstream: JetStreamContext
) -> None:
    decisions = [
        Decision(sequence=n, at=NOON, what="noted", about=about, reason=WHY, by="mona")
        for n, about in ((3, "acme/tiny"), (9, "acme/other"), (11, "acme/tiny"))
    ]
    await show(jetstream, *decisions)
    await closed.until("/api/v1/moderation", lambda answer: len(answer.json()["items"]) == 3)

    async with httpx.AsyncClient(base_url=closed.url, timeout=30) as http:
        whole = (await http.get("/api/v1/moderation")).json()["items"]
        tiny = (await http.get("/api/v1/moderation?about=acme/tiny&limit=1")).json()["items"]

    assert [each["sequence"] for each in whole] == [11, 9, 3]
    assert [each["sequence"] for each in tiny] == [11]


async def test_a_moderator_decides_from_the_terminal(
    closed: RunningGateway, client: Client
) -> None:
    command = [sys.executable, "-m", "cli", "moderate", "flag", MODEL, "--reason", WHY]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | {"PODIUM_GATEWAY": closed.url, "PODIUM_TOKEN": "hf_mod"},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()

    assert process.returncode == 0
    assert printed.decode().strip() == "acme/tiny: flagged."
    assert (await next_event(client, ModelFlagged)).event.by == "mona"
