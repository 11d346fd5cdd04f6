"""What people do here, in a browser that runs no scripts."""

import re
from pathlib import Path

from playwright.async_api import Browser, expect

from contracts.submission import SubmissionCancelled, SubmissionRerunRequested
from contracts.views import RequestState
from runtime.bus import connect
from tests.browser import watched_page
from tests.bus import next_event
from tests.pages.conftest import Visit
from tests.pages.evaluated import CHILD, PARENT
from tests.pages.world import BOARD, REQUESTS, running_world
from tests.unit.gateway.examples import a_board, a_request

PAGE = f"/boards/{BOARD.name}"
NAMESPACE = CHILD.repo_id.partition("/")[0]


async def test_one_finds_a_model_and_reads_what_it_answered(look: Visit) -> None:
    async with look(PAGE, scripts=False) as page:
        await page.locator("#search").fill(CHILD.repo_id)
        await page.get_by_role("button", name="Search").click()
        await page.locator("#filters summary").click()
        await page.locator("#facet-type [value=chat]").check()
        await page.locator("#filters").get_by_role("button", name="Apply").click()
        await expect(page).to_have_url(re.compile("type=chat"))
        await expect(page.locator("#ranked tr")).to_have_count(1)

        await page.locator("#ranked .model-name").click()
        await expect(page.locator("h1")).to_have_text(CHILD.repo_id)
        await page.locator("#lineage .family").get_by_role("link", name=PARENT.repo_id).click()
        await expect(page.locator("h1")).to_have_text(PARENT.repo_id)
        await page.go_back()
        await page.get_by_role("link", name=f"Samples of {BOARD.tasks[1].title}").click()
        await page.get_by_role("link", name="Later").click()
        await page.get_by_role("link", name="Earlier").click()
        await page.get_by_label("Only what is not right").check()
        await page.get_by_role("button", name="Show").click()
        await expect(page).to_have_url(re.compile("wrong=true"))
        await expect(page.locator("#found")).to_contain_text("that are not right")


async def test_rows_are_filtered_paged_pinned_and_compared(visit: Visit) -> None:
    async with visit(PAGE, scripts=False) as page:
        quick = page.locator("#quick-3")
        count = await quick.locator(".count").inner_text()
        await quick.click()
        await expect(page.locator("#tally b")).to_have_text(count)
        await page.get_by_role("link", name="Next 50").click()
        await page.get_by_role("link", name="From the first").click()
        for place in (4, 2):
            await page.locator("#ranked .pin").nth(place).click()
        await page.get_by_role("link", name="Compare 2").click()
        await expect(page.locator(".chosen-list li")).to_have_count(2)
        await expect(page.locator("#compare-table tbody tr").first).to_be_visible()


async def test_the_queue_is_narrowed_and_a_log_is_opened(visit: Visit) -> None:
    async with visit("/queue", scripts=False) as page:
        await page.locator("#queue-text").fill("broken")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#ended > li")).to_have_count(1)
        log = page.locator(f"#log-{REQUESTS['failed'].sid}")
        await expect(log.locator("pre")).to_be_hidden()
        await log.locator("summary").click()
        await expect(log.locator("pre")).to_contain_text("12 values are NaN")


async def test_a_request_is_cancelled_and_run_again(browser: Browser, tmp_path: Path) -> None:
    waiting, failed = a_request("acme/waits"), a_request("acme/failed", RequestState.FAILED)
    async with (
        running_world(tmp_path, [a_board(), waiting, failed]) as world,
        watched_page(browser, scripts=False) as page,
    ):
        client = await connect(world.nats_url, name="test")
        await page.goto(f"{world.url}/requests/{waiting.sid}")
        await page.get_by_role("button", name="Cancel", exact=True).click()
        await page.locator("#note-cancel").fill("A newer one is better.")
        await page.get_by_role("button", name="Cancel the submission").click()
        await expect(page.locator("#done")).to_contain_text("It is being cancelled")
        cancelled = (await next_event(client, SubmissionCancelled)).event

        await page.goto(f"{world.url}/requests/{failed.sid}")
        await page.get_by_role("button", name="Run again", exact=True).click()
        await page.get_by_role("button", name="Run it again").click()
        await expect(page.locator("#done")).to_contain_text("It runs once more")
        again = (await next_event(client, SubmissionRerunRequested)).event
        await client.close()

    assert (cancelled.sid, cancelled.note) == (waiting.sid, "A newer one is better.")
    assert (again.sid, again.run) == (failed.sid, 2)
