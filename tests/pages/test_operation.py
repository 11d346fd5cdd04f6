"""The operator's page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nats.aio.client import Client
from playwright.async_api import Browser, expect

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
from contracts.submission import SubmissionReceived
from contracts.topology import EVENTS
from contracts.views import RequestState
from runtime.bus import bury, connect
from tests.browser import accessibility_faults, watched_page
from tests.bus import next_event
from tests.pages.world import World, running_world
from tests.unit.gateway.examples import a_board, a_hold, a_request, an_evaluator

WAITS = a_request("acme/waits")
A_TIER = a_hold(scope=HoldScope.TIER, name="small")
A_HOST = a_hold(HoldKind.DRAIN, HoldScope.EVALUATOR, "gpu-1")
ELSEWHERE = a_hold(scope=HoldScope.EVALUATOR, name="gpu-9")


@asynccontextmanager
async def on_the_bus(world: World) -> AsyncIterator[Client]:
    client = await connect(world.nats_url, name="test")
    yield client
    await client.close()


async def say(client: Client, presence: EvaluatorPresence) -> None:
    await client.publish(presence.subject(), presence.model_dump_json().encode())


async def test_evaluators_come_go_and_say_what_they_are_at(
    browser: Browser, tmp_path: Path
) -> None:
    runs, waits = a_request("acme/runs", RequestState.RUNNING, attempt=1), a_request("acme/waits")
    async with (
        running_world(tmp_path, [a_board(), runs, waits]) as world,
        watched_page(browser) as page,
        on_the_bus(world) as client,
    ):
        await page.goto(f"{world.url}/operation")
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        busy = an_evaluator("gpu-1", at=(runs, None), every_s=600)
        await say(client, busy)

        evaluator = page.locator(f"#evaluator-{busy.instance}")
        await expect(evaluator.locator(".devices li")).to_contain_text(["acme/runs", "idle"])
        await expect(page.locator("#tiers-table tbody tr")).to_contain_text(["small"])
        await expect(evaluator).to_contain_text("takes jobs")

        leaving = busy.model_copy(update={"draining": True})
        await say(client, leaving)
        await expect(evaluator).to_contain_text("stopping")
        gone = busy.model_copy(update={"stopped": True})
        await say(client, gone)
        await expect(evaluator).to_have_count(0)


async def test_what_nobody_could_read_is_counted(browser: Browser, tmp_path: Path) -> None:
    async with running_world(tmp_path, [a_board()]) as world, watched_page(browser) as page:
        subject = SubmissionReceived.SUBJECT.format(sid="0123456789abcdef0123")
        await world.js.publish(subject, b"\xff from the future", stream=EVENTS.name)
        message = await world.js.get_last_msg(EVENTS.name, subject)
        await bury(world.js, "aggregator", message, "unknown type", key="1")
        await bury(world.js, "validator", message, "unknown type")

        await page.goto(f"{world.url}/operation")
        await expect(page.locator("#unhandled dd")).to_have_text(["2", "1"])
        await expect(page.locator("#failures")).to_contain_text("Nothing came to an end.")


async def test_orders_ask_why_and_need_no_javascript(browser: Browser, tmp_path: Path) -> None:
    async with (
        running_world(tmp_path, [a_board(), WAITS, Holds(holds=(ELSEWHERE,))]) as world,
        watched_page(browser, scripts=False) as page,
        on_the_bus(world) as client,
    ):
        await say(client, an_evaluator("gpu-1", every_s=600))
        await world.gateway.until("/api/v1/evaluators", lambda found: bool(found.json()["items"]))

        async def order(button: str, reason: str, *, hand_back: bool = False) -> None:
            await page.goto(f"{world.url}/operation")
            await page.get_by_role("button", name=button, exact=True).click()
            dialog = page.get_by_role("dialog", name=button, exact=True)
            await dialog.get_by_label("Reason").fill(reason)
            if hand_back:
                await dialog.get_by_label("Hand back what runs").check()
            await dialog.get_by_role("button", name=button.split()[0], exact=True).click()
            await expect(page.locator("#done")).to_contain_text("Ordered")

        await order("Pause all", "Heat.")
        await order("Pause tier small", "A new suite.")
        await order("Drain gpu-1", "A new disk.", hand_back=True)
        await order("Resume gpu-9", "It is back.")

        all_of_them = (await next_event(client, EvaluatorsPaused)).event
        tier = (
            await next_event(client, EvaluatorsPaused, lambda one: one.scope is HoldScope.TIER)
        ).event
        host = (await next_event(client, EvaluatorsDrained)).event
        absent = (await next_event(client, EvaluatorsResumed)).event
    assert (all_of_them.scope, all_of_them.name, all_of_them.reason) == ("all", "all", "Heat.")
    assert (tier.name, tier.reason) == ("small", "A new suite.")
    assert (host.scope, host.name, host.hand_back) == ("evaluator", "gpu-1", True)
    assert (absent.name, absent.reason) == ("gpu-9", "It is back.")


async def test_what_was_ordered_and_what_was_obeyed_is_shown_while_one_types(
    browser: Browser, tmp_path: Path
) -> None:
    on_hold = {Tier.SMALL: HoldKind.DRAIN}
    async with (
        running_world(tmp_path, [a_board(), WAITS]) as world,
        watched_page(browser) as page,
        on_the_bus(world) as client,
    ):
        await say(client, busy := an_evaluator("gpu-1", at=(WAITS,), every_s=600))
        await world.gateway.until("/api/v1/evaluators", lambda found: bool(found.json()["items"]))
        await page.goto(f"{world.url}/operation")
        evaluator = page.locator(f"#evaluator-{busy.instance}")
        await expect(evaluator).to_contain_text("takes jobs")
        await evaluator.get_by_role("button", name="Pause gpu-1").click()
        reason = page.get_by_role("dialog", name="Pause gpu-1").get_by_label("Reason")
        await reason.fill("A new")
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")

        await world.show(Holds(holds=(A_TIER,)))
        await expect(evaluator).to_contain_text("not confirmed yet")
        await expect(page.locator("#holds")).to_contain_text("Tier small was paused by mona")
        await expect(reason).to_have_value("A new")
        await expect(reason).to_be_focused()

        await page.keyboard.press("Escape")
        await world.show(Holds(holds=(A_HOST,)))
        await say(client, busy.model_copy(update={"on_hold": on_hold}))
        await expect(evaluator).to_contain_text("draining, 1 running")
        await expect(evaluator.get_by_role("button", name="Resume gpu-1")).to_be_visible()
        await expect(evaluator.get_by_role("button", name="Pause gpu-1")).to_have_count(0)
        await say(client, an_evaluator("gpu-1", on_hold=on_hold, every_s=600))
        await expect(evaluator).to_contain_text("its host may go down")
        await expect(page.locator("#tier-small")).to_contain_text("0 and 1 on hold")
        for width in (1440, 390):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await accessibility_faults(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        await page.goto(f"{world.url}/queue")
        await expect(page.locator("#holds")).to_contain_text("gpu-1 was told to drain by mona")
        await expect(page.locator("#tier-small")).to_contain_text("is on hold")
