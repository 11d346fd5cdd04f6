"""What went wrong is a page like the others, with ways on."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser import watched_page
from tests.pages.conftest import Visit
from tests.pages.evaluated import faults_at_every_width
from tests.pages.world import BOARD, entries, running_world

PATHS = (
    ("/nothing/here", 404),
    ("/boards/none", 404),
    ("/models/acme/never-seen", 404),
    ("/queue?page=none", 422),
)


@pytest.mark.parametrize(("path", "status"), PATHS)
async def test_it_is_accessible_and_leads_on(visit: Visit, path: str, status: int) -> None:
    async with visit(path, expected=(status,)) as page:
        await expect(page.locator(".message-status")).to_have_text(f"{status}")
        await expect(page.get_by_role("navigation", name="Pages")).to_contain_text("Queue")
        assert await faults_at_every_width(page) == []
        await page.get_by_role("link", name="Go to the board").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(BOARD.title)


async def test_a_lost_visitor_finds_a_model(visit: Visit) -> None:
    known = entries()[0].repo_id
    async with visit("/models/acme/never-seen", expected=(404,), scripts=False) as page:
        await page.get_by_label("Part of a model").fill(known)
        await page.get_by_role("button", name="Find").click()
        await expect(page.locator("main")).to_contain_text(known.rpartition("/")[2])


async def test_an_address_that_asks_for_nonsense_leads_to_its_page(visit: Visit) -> None:
    async with visit("/queue?page=none", expected=(422,)) as page:
        await page.get_by_role("link", name="Open the page without it").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Queue")


async def test_who_has_to_sign_in_is_led_back_to_the_page(browser: Browser, tmp_path: Path) -> None:
    closed = {
        "GATEWAY_OPEN": "false",
        "GATEWAY_MODERATORS": '["mona"]',
        "GATEWAY_OAUTH_CLIENT_ID": "podium",
        "GATEWAY_SESSION_SECRET": "s" * 32,
    }
    async with (
        running_world(tmp_path, [BOARD], **closed) as world,
        watched_page(browser, expected=(401,)) as page,
    ):
        await page.goto(f"{world.url}/moderation/dead-letters")
        sign_in = page.locator("main").get_by_role("link", name="Sign in")
        await expect(sign_in).to_have_attribute("href", "/sign-in?then=/moderation/dead-letters")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in first")
