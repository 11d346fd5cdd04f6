"""Markup that somebody smuggles into a name, a reason, a log or a search stays text."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from contracts.evaluation import FailureCause
from contracts.models import Reason
from contracts.operation import Hold, HoldKind, Holds, HoldScope
from contracts.views import Decision, Failure, Flag, HistoryEntry, Policy, RequestState, Ruling
from runtime.bus import connect
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
    update={"submitter": EVIL, "reasons": (REASON,)}
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
    f"/compare?board=demo&entry={ENTRY.sid}",
    f"/boards/demo/entries/{ENTRY.sid}/samples?search={EVIL}",
    "/queue",
    "/queue?state=failed",
    f"/queue?text={EVIL}&submitter={EVIL}",
    f"/submit?model={EVIL}&revision={EVIL}",
    f"/requests/{FAILED.sid}",
    f"/requests/{FAILED.sid}?done={EVIL}",
    f"/requests/{REJECTED.sid}",
    f"/requests/{RUNNING.sid}",
    f"/moderation?about={EVIL}",
    "/moderation",
    f"/moderation?done={EVIL}",
    f"/moderation/dead-letters?done={EVIL}",
    "/operation",
    f"/operation?done={EVIL}",
    f"/nowhere/{EVIL}",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    board = a_board().model_copy(update={"title": EVIL, "description": EVIL})
    views = [board, POLICY, HOLDS, DECISION, ENTRY, FAILED, REJECTED, RUNNING]
    async with running_world(tmp_path_factory.mktemp("hostile"), views) as world:
        client = await connect(world.nats_url, name="test")
        await client.publish(EVALUATOR.subject(), EVALUATOR.model_dump_json().encode())
        await world.gateway.until("/api/v1/evaluators", lambda there: bool(there.json()["items"]))
        yield world
        await client.close()


@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
async def test_what_somebody_wrote_stays_text(browser: Browser, hostile: World, place: str) -> None:
    """A script that runs calls `run`, which is not there: an exception, which fails the test, as
    does a violation of the Content-Security-Policy."""
    async with watched_page(browser, expected=(404, 422)) as page:
        await page.goto(hostile.url + place)
        assert await page.locator("main").count() == 1
        assert await page.locator("img[src='x'], a[href^='javascript:']").count() == 0
        own = "document.scripts.length === document.querySelectorAll('script[src]').length"
        assert await page.evaluate(own)
        assert "49" not in await page.title()
