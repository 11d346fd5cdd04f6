"""The operator's page."""

from pathlib import Path

from playwright.async_api import Browser, expect

from contracts.submission import SubmissionReceived
from contracts.topology import EVENTS
from contracts.views import RequestState
from runtime.bus import bury, connect
from tests.browser import watched_page
from tests.pages.world import running_world
from tests.unit.gateway.examples import a_board, a_request, an_evaluator


async def test_evaluators_come_go_and_say_what_they_are_at(
    browser: Browser, tmp_path: Path
) -> None:
    runs, waits = a_request("acme/runs", RequestState.RUNNING, attempt=1), a_request("acme/waits")
    async with (
        running_world(tmp_path, [a_board(), runs, waits]) as world,
        watched_page(browser) as page,
    ):
        client = await connect(world.nats_url, name="test")
        await page.goto(f"{world.url}/operation")
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        busy = an_evaluator("gpu-1", at=(runs, None), every_s=600)
        await client.publish(busy.subject(), busy.model_dump_json().encode())

        evaluator = page.locator(f"#evaluator-{busy.instance}")
        await expect(evaluator.locator(".devices li")).to_contain_text(["acme/runs", "idle"])
        await expect(page.locator("#tiers-table tbody tr")).to_contain_text(["small"])
        await expect(evaluator).to_contain_text("takes jobs")

        leaving = busy.model_copy(update={"draining": True})
        await client.publish(leaving.subject(), leaving.model_dump_json().encode())
        await expect(evaluator).to_contain_text("draining")
        gone = busy.model_copy(update={"stopped": True})
        await client.publish(gone.subject(), gone.model_dump_json().encode())
        await expect(evaluator).to_have_count(0)
        await client.close()


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
