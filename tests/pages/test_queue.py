"""The queue's page: what stands in its address is what it shows."""

import re

from playwright.async_api import expect

from services.gateway.queue.requests import Wanted
from tests.pages.conftest import Visit
from tests.pages.world import REQUESTS


async def test_a_state_is_a_tab_with_its_reasons(visit: Visit) -> None:
    async with visit("/queue", scripts=False) as page:
        await page.locator("#state-rejected").click()
        cards = page.locator("#of-state > li")
        await expect(cards).to_have_count(1)
        await expect(cards).to_contain_text("license-missing")
        await page.get_by_role("link", name="acme/unlicensed").click()
        await expect(page.locator("h1")).to_contain_text("acme/unlicensed")


async def test_what_is_typed_narrows_the_lists_and_stands_in_the_address(visit: Visit) -> None:
    async with visit("/queue") as page:
        await page.locator("#queue-text").fill("broken")
        await expect(page.locator("#ended > li")).to_have_count(1)
        await expect(page.locator("#nothing-running")).to_be_visible()
        await expect(page).to_have_url(re.compile("text=broken"))
        await page.locator("#queue-text").fill("no such model")
        await expect(page.locator("#none-found")).to_be_visible()
        await page.get_by_role("link", name="Show all requests").click()
        await expect(page.locator("#running > li")).to_contain_text("acme/runs")


async def test_a_state_that_is_none_is_refused(visit: Visit) -> None:
    async with visit("/queue?state=lost", expected=(422,)) as page:
        await expect(page.locator("main")).to_contain_text("There is no state 'lost'")


def test_an_address_begins_again_at_the_first_page() -> None:
    wanted = Wanted(board="demo", text="a b", page=3)

    assert wanted.address(tier="small") == "/queue?board=demo&tier=small&text=a+b"
    assert wanted.address(page=4) == "/queue?board=demo&text=a+b&page=4"
    assert Wanted(board="demo").wants(REQUESTS["waiting"]) is False
