"""What comes onto a board while somebody reads it stays out of the way."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from contracts.views import Entry
from tests.browser import accessibility_faults, assert_still, watched_page
from tests.integration.gateway.gateways import take_away
from tests.pages.test_stillness import BOTH_WIDTHS, until_it_is_live
from tests.pages.world import World, running_world
from tests.unit.gateway.examples import a_board, an_entry

ROWS = tuple(an_entry(f"acme/model-{n:02}", facts=n / 2, grammar=n / 2) for n in range(80))
PLACES = "rows => rows.map((row) => [row.id, row.getBoundingClientRect().top])"
HALF_A_MINUTE_MS = 30_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Eighty rows, and first whatever the tests have let come."""
    async with running_world(tmp_path_factory.mktemp("crowded"), [a_board(), *ROWS]) as world:
        yield world


@pytest.fixture(scope="module")
def better() -> Iterator[Entry]:
    """Rows each of which is better than all before."""
    return (an_entry(f"acme/better-{n:02}", facts=50 + n, grammar=50 + n) for n in count())


@asynccontextmanager
async def read_by_somebody(
    browser: Browser, world: World, width: int = 1440
) -> AsyncIterator[Page]:
    """The board, live, with somebody at it: what would move its rows waits."""
    async with watched_page(browser, width) as page:
        await page.goto(world.url)
        await until_it_is_live(page)
        await page.mouse.move(5, 5)
        yield page


async def places(page: Page) -> list[list[object]]:
    found: list[list[object]] = await page.locator("#ranked tr").evaluate_all(PLACES)
    return found


@BOTH_WIDTHS
async def test_what_would_move_the_rows_waits_until_it_is_wanted(
    browser: Browser, crowded: World, better: Iterator[Entry], width: int
) -> None:
    one, other = next(better), next(better)
    async with read_by_somebody(browser, crowded, width) as page:
        before = await places(page)
        await crowded.show(one)
        button = page.get_by_role("button", name="1 new · Show")
        await expect(button).to_be_visible()
        await crowded.show(other)
        button = page.get_by_role("button", name="2 new · Show")
        await expect(button).to_be_visible()
        assert await places(page) == before
        await assert_still(page, 0.01)
        assert await accessibility_faults(page) == []

        await button.click()
        rows = page.locator("#ranked tr")
        await expect(rows.nth(0)).to_have_id(f"entry-{other.sid}")
        await expect(rows.nth(1)).to_have_id(f"entry-{one.sid}")
        await expect(rows.locator(".model-name").first).to_be_focused()
        await expect(page.locator("#arrivals")).to_be_hidden()


async def test_what_waits_is_a_key_away_and_is_there_after_the_next_search(
    browser: Browser, crowded: World, better: Iterator[Entry]
) -> None:
    one, other = next(better), next(better)
    async with read_by_somebody(browser, crowded) as page:
        first = page.locator("#ranked .model-name").first
        await page.locator("#ranked .model-name").nth(3).focus()
        await crowded.show(one)
        await expect(page.locator("#arrivals")).to_be_visible()
        await page.keyboard.press("n")
        await expect(first).to_have_text(one.repo_id)
        await expect(first).to_be_focused()

        await crowded.show(other)
        await expect(page.locator("#arrivals")).to_be_visible()
        await page.locator("#search").fill("better")
        await expect(first).to_have_text(other.repo_id)
        await expect(page.locator("#arrivals")).to_be_hidden()


async def test_a_row_that_leaves_pulls_no_other_up(
    browser: Browser, crowded: World, better: Iterator[Entry]
) -> None:
    leaving = next(better)
    async with read_by_somebody(browser, crowded) as page:
        await crowded.show(leaving)
        await page.get_by_role("button", name="1 new · Show").click()
        await expect(page.locator("#ranked .model-name").first).to_have_text(leaving.repo_id)
        await take_away(crowded.js, leaving)
        button = page.get_by_role("button", name="Changed · Show")
        await expect(button).to_be_visible()
        await button.press("Enter")
        await expect(page.locator("#ranked .model-name").first).not_to_have_text(leaving.repo_id)
        await expect(page.locator("#rows")).to_be_focused()


async def test_a_page_that_nobody_touches_shows_what_comes(
    browser: Browser, crowded: World, better: Iterator[Entry]
) -> None:
    one, other = next(better), next(better)
    async with watched_page(browser) as page:
        await page.clock.install()
        await page.goto(crowded.url)
        await until_it_is_live(page)
        first = page.locator("#ranked .model-name").first
        await crowded.show(one)
        await expect(first).to_have_text(one.repo_id)
        await expect(first).not_to_be_focused()

        await page.mouse.move(5, 5)
        await crowded.show(other)
        await expect(page.locator("#arrivals")).to_be_visible()
        await page.clock.fast_forward(HALF_A_MINUTE_MS)
        await expect(first).to_have_text(other.repo_id)
        await expect(page.locator("#arrivals")).to_be_hidden()
