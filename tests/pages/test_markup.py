"""Markup that somebody smuggles into a name, a reason, a log or a search stays text."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from contracts.check import RuleOutcomes
from contracts.evaluation import EvaluationProgress, FailureCause
from contracts.models import Reason
from contracts.operation import Hold, HoldKind, Holds, HoldScope
from contracts.submission import SubmissionReceived
from contracts.topology import EVENTS, VALIDATOR
from contracts.views import (
    Decision,
    Delay,
    Failure,
    Flag,
    HistoryEntry,
    Policy,
    RequestState,
    Ruling,
)
from runtime.bus import bury, connect
from tests.browser import watched_page
from tests.pages.world import World, running_world
from tests.unit.gateway.examples import NOON, a_board, a_request, an_entry, an_evaluator

EVIL = "\"'><img src=x onerror=run()><script>run()</script>{{ 7*7 }}</textarea></title>"
LINK = "javascript:run()"
REASON = Reason(code="weights-not-finite", message=EVIL, advice=EVIL)
FAILED = a_request("acme/failed", RequestState.FAILED).model_copy(
    update={
        "submitter": EVIL,
        "requested_revision": EVIL,
        "evaluator": EVIL,
        "failure": Failure(cause=FailureCause.MODEL, reason=REASON, log_tail=EVIL),
        "warnings": (REASON,),
        "history": (HistoryEntry(at=NOON, what="evaluation.failed", note=EVIL, by=EVIL),),
    }
)
REJECTED = a_request("acme/rejected", RequestState.REJECTED).model_copy(
    update={
        "submitter": EVIL,
        "reasons": (REASON,),
        "rules": RuleOutcomes(kept={EVIL: EVIL}, not_applicable=(EVIL,)),
    }
)
RUNNING = a_request("acme/runs", RequestState.RUNNING, attempt=1).model_copy(
    update={"evaluator": EVIL, "submitter": EVIL}
)
ENTRY = an_entry("acme/row", facts=40, grammar=60).model_copy(
    update={
        "license": EVIL,
        "architecture": EVIL,
        "source": EVIL,
        "flag": Flag(reason=EVIL, link=LINK, at=NOON),
        "base_models": (EVIL,),
    }
)
OTHER = an_entry("acme/other", facts=50, grammar=50).model_copy(
    update={"license": EVIL, "architecture": EVIL, "source": EVIL}
)
DELAYED = a_request("acme/delayed", RequestState.RECEIVED).model_copy(
    update={"submitter": EVIL, "delay": Delay(reason=REASON, since=NOON, at=NOON)}
)
PROGRESS = EvaluationProgress(
    sid=RUNNING.sid, run=1, attempt=1, phase=EVIL, task=EVIL, done=1, total=2
)
DECISION = Decision(
    sequence=7, at=NOON, what="flagged", about="acme/row", reason=EVIL, by=EVIL, link=LINK
)
POLICY = Policy(
    official_providers=(Ruling(name=EVIL, reason=EVIL, at=NOON),),
    barred=(Ruling(name=EVIL, reason=EVIL, at=NOON),),
    banned=(Ruling(name=EVIL, reason=EVIL, at=NOON),),
)
HOLDS = Holds(
    holds=tuple(
        Hold(kind=HoldKind.DRAIN, scope=scope, name=EVIL, reason=EVIL, by=EVIL, at=NOON)
        for scope in (HoldScope.EVALUATOR, HoldScope.ALL)
    )
)
EVALUATOR = an_evaluator(EVIL, every_s=3600).model_copy(update={"version": EVIL})
PLACES = (
    "/boards/demo",
    f"/boards/demo?search={EVIL}",
    "/boards/demo/about",
    "/boards/demo/insights",
    "/models/acme/row",
    f"/models/{EVIL}",
    "/boards/demo?columns=license,architecture,source",
    f"/boards/demo/insights?search={EVIL}",
    f"/compare?ids={ENTRY.sid}&ids={OTHER.sid}",
    f"/compare?ids={ENTRY.sid}&add={EVIL}",
    f"/boards/demo/entries/{ENTRY.sid}/samples?search={EVIL}",
    "/queue",
    "/queue?state=failed",
    f"/queue?text={EVIL}&submitter={EVIL}",
    f"/submit?model={EVIL}&revision={EVIL}",
    f"/requests/{FAILED.sid}",
    f"/requests/{FAILED.sid}?done={EVIL}",
    f"/requests/{REJECTED.sid}",
    f"/requests/{RUNNING.sid}",
    f"/requests/{DELAYED.sid}",
    f"/moderation?about={EVIL}",
    "/moderation",
    f"/moderation?done={EVIL}",
    f"/moderation/dead-letters?done={EVIL}",
    "/moderation/dead-letters/1",
    "/operation",
    f"/operation?done={EVIL}",
    "/boards/demo/rescorings",
    "/docs/api",
    "/docs/events",
    f"/nowhere/{EVIL}",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    board = a_board().model_copy(update={"title": EVIL, "description": EVIL})
    views = [board, POLICY, HOLDS, DECISION, ENTRY, OTHER, FAILED, REJECTED, RUNNING, DELAYED]
    async with running_world(tmp_path_factory.mktemp("hostile"), views) as world:
        client = await connect(world.nats_url, name="test")
        await client.publish(EVALUATOR.subject(), EVALUATOR.model_dump_json().encode())
        await world.gateway.until("/api/v1/evaluators", lambda there: bool(there.json()["items"]))
        unread = SubmissionReceived.SUBJECT.format(sid="0123456789abcdef0123")
        await world.js.publish(unread, EVIL.encode(), stream=EVENTS.name)
        await bury(world.js, VALIDATOR.name, await world.js.get_last_msg(EVENTS.name, unread), EVIL)
        yield world
        await client.close()


@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
async def test_what_somebody_wrote_stays_text(browser: Browser, hostile: World, place: str) -> None:
    """A script that runs calls `run`, which is not there: an exception, which fails the test, as
    does a violation of the Content-Security-Policy."""
    async with watched_page(browser, expected=(404, 422)) as page:
        await page.goto(hostile.url + place)
        await holds_no_markup(page)


async def holds_no_markup(page: Page) -> None:
    assert await page.locator("main").count() == 1
    assert await page.locator("img[src='x'], a[href^='javascript:']").count() == 0
    own = "document.scripts.length === document.querySelectorAll('script[src]').length"
    assert await page.evaluate(own)
    assert "49" not in await page.title()


@pytest.mark.parametrize("place", ["/queue", f"/requests/{RUNNING.sid}"])
async def test_what_an_evaluator_tells_of_its_progress_stays_text(
    browser: Browser, hostile: World, place: str
) -> None:
    client = await connect(hostile.nats_url, name="test")
    async with watched_page(browser) as page:
        await page.goto(hostile.url + place)
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await client.publish(PROGRESS.subject(), PROGRESS.model_dump_json().encode())
        await expect(page.locator("[data-phase]")).to_have_text(EVIL)
        await holds_no_markup(page)
    await client.close()


async def test_the_name_of_a_hub_user_stays_text(browser: Browser, tmp_path: Path) -> None:
    closed = {
        "GATEWAY_OPEN": "false",
        "GATEWAY_OAUTH_CLIENT_ID": "podium",
        "GATEWAY_SESSION_SECRET": "what encrypts the cookies of these tests",
    }
    async with (
        running_world(tmp_path, [a_board()], **closed) as world,
        watched_page(browser) as page,
    ):
        apps = {"podium": {"redirectUris": [f"{world.url}/sign-in/callback"]}}
        (world.hub_root / "_apps.json").write_text(json.dumps(apps))
        (world.hub_root / "_tokens.json").write_text(json.dumps({"hf_eve": {"name": EVIL}}))
        await page.goto(f"{world.url}/sign-in?then=/submit")
        await page.get_by_label("Token").fill("hf_eve")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("#account .who")).to_contain_text(EVIL)
        await holds_no_markup(page)
