"""Every state of a request, reached by real events, as its submitter finds it over HTTP."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.evaluation import EvaluationProgress, FailureCause
from contracts.evaluator import DeviceWork, EvaluatorDevice, EvaluatorPresence
from contracts.models import Reason, Tier
from contracts.moderation import ModelRemoved
from contracts.submission import SubmissionCancelled, SubmissionDelayed, SubmissionRejected
from contracts.views import RequestState
from runtime.bus import publish_event
from tests.integration.aggregator.aggregating import aggregating
from tests.integration.gateway.gateways import RunningGateway, started_gateway
from tests.unit.aggregator.story import (
    accepted,
    failed,
    finished,
    received,
    scored,
    sid_of,
    started,
)

RULE = Reason(code="license-missing", message="The card names no license.", advice="Name one.")
AWAY = Reason(code="hub-unavailable", message="The Hub does not answer.", advice="Wait for it.")


@dataclass(frozen=True)
class Case:
    events: tuple[Event, ...]
    state: RequestState
    what: str
    next_step: str
    age: timedelta = timedelta()
    """Of its events: a bound may have passed since."""


def life(name: str, events: int) -> tuple[Event, ...]:
    """The first events in the life of a submission that finishes."""
    repo_id = f"acme/{name}"
    whole = (
        received(repo_id),
        accepted(repo_id),
        started(repo_id),
        scored("facts", 0.5, repo_id=repo_id),
        scored("logic", 0.5, 0.5, repo_id=repo_id),
        finished(repo_id),
    )
    return whole[:events]


def cancelled(name: str, by: str) -> SubmissionCancelled:
    return SubmissionCancelled(sid=sid_of(f"acme/{name}"), by=by)


LONG_AGO = timedelta(hours=1)
DELAYED = SubmissionDelayed(sid=sid_of("acme/hub-away"), run=1, reason=AWAY)
REFUSED = SubmissionRejected(sid=sid_of("acme/refused"), reasons=(RULE,))
LARGE = accepted("acme/large").model_copy(update={"tier": Tier.LARGE})
REMOVED = ModelRemoved(repo_id="acme/removed", reason="Its authors asked for it.", by="mona")
LOST = failed("acme/lost", cause=FailureCause.INFRASTRUCTURE)
STATE = RequestState
CASES = {
    "new": Case(life("new", 1), STATE.RECEIVED, "about to be checked", "nothing to do"),
    "unseen": Case(
        life("unseen", 1), STATE.RECEIVED, "no validator has looked", "is not lost", LONG_AGO
    ),
    "hub-away": Case(
        (*life("hub-away", 1), DELAYED), STATE.RECEIVED, "The Hub does not answer.", "by itself"
    ),
    "refused": Case(
        (*life("refused", 1), REFUSED), STATE.REJECTED, "names no license", "Name one."
    ),
    "queued": Case(life("queued", 2), STATE.WAITING, "place 1 of 1 in tier small", "nothing to do"),
    "large": Case(
        (*life("large", 1), LARGE), STATE.WAITING, "no evaluator serves tier large", "ask the"
    ),
    "running": Case(life("running", 4), STATE.RUNNING, "now at logic", "as they come in"),
    "silent": Case(
        life("silent", 4), STATE.RUNNING, "told of no progress for", "time limit", LONG_AGO
    ),
    "orphaned": Case(
        life("orphaned", 4),
        STATE.RUNNING,
        "waits for another evaluator",
        "What is scored stays",
        LONG_AGO,
    ),
    "finished": Case(life("finished", 6), STATE.FINISHED, "All 2 tasks are scored", "See its row"),
    "removed": Case(
        (*life("removed", 6), REMOVED),
        STATE.FINISHED,
        "mona, took the model off",
        "Ask the moderators",
    ),
    "broken": Case(
        (*life("broken", 4), failed("acme/broken")), STATE.FAILED, "It broke.", "Ask the operators."
    ),
    "lost": Case(
        (*life("lost", 4), LOST), STATE.FAILED, "lost by this leaderboard", "no place of the quota"
    ),
    "withdrawn": Case(
        (*life("withdrawn", 2), cancelled("withdrawn", "ada")),
        STATE.CANCELLED,
        "Its submitter ada cancelled it",
        "quota is free",
    ),
    "stopped": Case(
        (*life("stopped", 2), cancelled("stopped", "mona")),
        STATE.CANCELLED,
        "A moderator, mona, cancelled it",
        "quota is free",
    ),
}


async def publish_case(js: JetStreamContext, case: Case) -> None:
    for event in case.events:
        at = datetime.now(UTC) - case.age
        await publish_event(js, event, Envelope(event.type_name(), "test", time=at))


@asynccontextmanager
async def evaluator_at(client: Client, *names: str) -> AsyncIterator[None]:
    """What an evaluator with a device for each of them says of itself, over and over."""
    now = datetime.now(UTC)
    presence = EvaluatorPresence(
        name="evaluator-1",
        instance="a",
        tiers=(Tier.SMALL,),
        devices=tuple(
            EvaluatorDevice(
                name=f"evaluator-1-{number}",
                device="cpu",
                since=now,
                work=DeviceWork(sid=sid_of(f"acme/{name}"), run=1, attempt=1),
            )
            for number, name in enumerate(names, 1)
        ),
        started_at=now,
    )
    progress = EvaluationProgress(
        sid=sid_of("acme/running"),
        run=1,
        attempt=1,
        phase="scoring",
        task="logic",
        done=1,
        total=9,
    )

    async def tell() -> None:
        while True:
            for message in (presence, progress):
                await client.publish(message.subject(), message.model_dump_json().encode())
            await asyncio.sleep(0.5)

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


async def shown(gateway: RunningGateway, name: str) -> tuple[dict[str, Any], str]:
    """The request's data, and the text of its page."""
    sid = sid_of(f"acme/{name}")
    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        data = await http.get(f"/api/v1/requests/{sid}")
        page = await http.get(f"/requests/{sid}", headers={"Accept": "text/html"})
    return data.json(), html.unescape(re.sub(r"</?code>", "`", page.text))


def telling(what: str) -> Callable[[httpx.Response], bool]:
    return lambda answer: what in answer.json()["situation"]["what"]


async def test_every_state_says_what_happened_since_when_and_what_to_do(
    nats_url: str, hub: str, client: Client, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    # Between the ages of the cases, so that a slow machine does not age the young ones.
    patient = {"GATEWAY_UNJUDGED_AFTER_S": "1800", "GATEWAY_SILENT_AFTER_S": "1800"}
    for case in CASES.values():
        await publish_case(jetstream, case)
    async with (
        aggregating(nats_url),
        started_gateway(nats_url, hub, tmp_path, **patient) as gateway,
        evaluator_at(client, "running", "silent"),
    ):
        await gateway.until_ready()
        await gateway.until(
            "/api/v1/evaluators", lambda answer: answer.is_success and answer.json()["complete"]
        )
        running = f"/api/v1/requests/{sid_of('acme/running')}"
        await gateway.until(running, telling(CASES["running"].what))
        told = {name: await shown(gateway, name) for name in CASES}

    for name, case in CASES.items():
        data, page = told[name]
        situation = data["situation"]
        assert data["state"] == case.state, name
        assert case.what in situation["what"], name
        assert case.next_step in situation["next_step"], name
        age = datetime.now(UTC) - datetime.fromisoformat(situation["since"])
        assert case.age <= age < case.age + timedelta(minutes=10), name
        assert case.what in page, name
        assert situation["next_step"] in page, name


async def test_the_bounds_are_the_operators_to_set(
    nats_url: str, hub: str, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    hasty = {"GATEWAY_UNJUDGED_AFTER_S": "0.1", "GATEWAY_SILENT_AFTER_S": "0.1"}
    is_told = {"new": telling("no validator has looked"), "running": telling("told of no progress")}
    for name in is_told:
        await publish_case(jetstream, CASES[name])
    async with aggregating(nats_url), started_gateway(nats_url, hub, tmp_path, **hasty) as gateway:
        await gateway.until_ready()
        for name in is_told:
            await gateway.until(f"/api/v1/requests/{sid_of(f'acme/{name}')}", is_told[name])
