"""The header, the footer and what keeps a page up to date."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Route, expect

from contracts.views import RequestState
from tests.browser import watched_page
from tests.pages.conftest import Visit
from tests.pages.world import BOARD, REQUESTS, World, running_world
from tests.unit.gateway.examples import a_board, a_request, an_entry

BOARD_PAGE = f"/boards/{BOARD.name}"


async def test_the_chosen_colours_are_kept_and_there_before_the_first_paint(visit: Visit) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    async with visit("/docs/api", color_scheme="light") as page:
        light = await page.evaluate(paper)
        await page.locator("#theme").get_by_title("Dark").click()
        dark = await page.evaluate(paper)
        await page.reload(wait_until="commit")
        await page.wait_for_function("document.body")  # nothing of it has been painted
        theme = await page.evaluate("document.documentElement.dataset.theme")
        await expect(page.locator("#theme").get_by_label("Dark")).to_be_checked()
        again = await page.evaluate(paper)
        await page.locator("#theme").get_by_title("As the system").click()
        system = await page.evaluate(paper)

    assert theme == "dark"
    assert light == system != dark == again


async def test_the_menu_of_a_narrow_screen_opens_without_javascript(visit: Visit) -> None:
    async with visit("/docs/api", width=390, scripts=False) as page:
        about = page.get_by_role("navigation", name="Pages").get_by_role("link", name="About")
        await expect(about).to_be_hidden()
        await page.get_by_role("button", name="Menu").click()
        await expect(about).to_be_visible()
        await about.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"About {BOARD.title}")


async def test_the_header_says_where_one_is(visit: Visit) -> None:
    async with visit(f"{BOARD_PAGE}/about") as page:
        current = page.locator(".menu nav [aria-current=page]")
        await expect(current).to_have_text("About")
    async with visit("/") as page:
        await expect(page.locator(".menu nav [aria-current=page]")).to_have_text("Board")


async def test_one_chooses_among_several_boards_with_the_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    boards = [a_board(), a_board("other")]
    async with running_world(tmp_path, boards) as world, watched_page(browser) as page:
        await page.goto(world.url)
        switcher = page.locator(".switcher summary")
        await switcher.press("Enter")
        await expect(page.get_by_role("link", name="The other board")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("link", name="The other board")).to_be_hidden()
        await expect(switcher).to_be_focused()
        await switcher.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{world.url}/boards/other")


async def test_an_address_answers_with_a_part_only_when_htmx_asks_for_it(world: World) -> None:
    part = {"HX-Request-Type": "partial", "HX-Target": "div#queue"}
    async with httpx.AsyncClient(base_url=world.url, timeout=30) as http:
        page = await http.get("/queue")
        queue = await http.get("/queue", headers=part)
        unknown = await http.get("/queue", headers=part | {"HX-Target": "main#main"})

    assert "<html" in page.text
    assert "<html" in unknown.text
    assert "<html" not in queue.text
    assert 'id="waiting"' in queue.text
    assert "HX-Target" in page.headers["Vary"]


async def test_a_hundred_changes_fetch_the_page_anew_a_few_times(
    browser: Browser, tmp_path: Path
) -> None:
    async with running_world(tmp_path, [a_board()]) as world, watched_page(browser) as page:
        await page.goto(world.url)
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        fetched: list[str] = []
        page.on(
            "request",
            lambda request: (
                fetched.append(request.url) if "hx-request" in request.headers else None
            ),
        )

        # Each below those before it, so that none has to wait.
        for number in range(100):
            await world.show(an_entry(f"acme/model-{number}", facts=99 - number / 2, grammar=1))
        await expect(page.locator("#tally b")).to_have_text("100")
        await expect(page.locator("#announcement")).not_to_be_empty()

        assert 1 <= len(fetched) < 50


async def test_a_page_in_the_background_holds_no_connection(visit: Visit) -> None:
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true})"
    async with visit(BOARD_PAGE) as page:
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        async with page.expect_event("requestfailed", lambda one: "/live" in one.url):
            await page.evaluate(hide % "true")
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        async with page.expect_request(lambda one: "/live" in one.url):
            await page.evaluate(hide % "false")
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def test_what_one_reads_stays_where_it_is_when_rows_come_in_above(
    browser: Browser, tmp_path: Path
) -> None:
    rows = [an_entry(f"acme/model-{n}", facts=n, grammar=n) for n in range(60)]
    async with running_world(tmp_path, [a_board(), *rows]) as world, watched_page(browser) as page:
        await page.goto(world.url)
        row = page.locator(f"#entry-{rows[20].sid}")
        await row.scroll_into_view_if_needed()
        before = await row.bounding_box()

        await world.show(an_entry("acme/first", facts=99, grammar=99))
        await expect(page.locator(".model-name", has_text="first")).to_be_attached()
        after = await row.bounding_box()

    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2


async def test_the_words_of_a_time_are_the_same_from_server_and_browser(
    browser: Browser, tmp_path: Path
) -> None:
    finished = a_request("acme/done", RequestState.FINISHED)
    views = [a_board(), finished]
    async with running_world(tmp_path, views) as world, watched_page(browser) as page:
        await page.clock.install()
        await page.goto(f"{world.url}/requests/{finished.sid}")
        times = page.locator("main time")
        told = await times.all_text_contents()
        await page.clock.fast_forward(10_000)
        assert await times.all_text_contents() == told
        await expect(times.first).to_have_attribute("title", "1 Jan 2026, 12:00 UTC")


async def test_text_is_copied_with_a_button(visit: Visit) -> None:
    async with visit(f"{BOARD_PAGE}/about") as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        box = page.locator(".code-box", has=page.locator("#cite-1"))
        await box.get_by_role("button").click()
        await expect(box.get_by_role("button")).to_have_text("Copied")
        copied = await page.evaluate("navigator.clipboard.readText()")

    assert copied == BOARD.sources[0].citation.rstrip()


async def test_a_request_that_waits_appears_without_a_reload(visit: Visit, world: World) -> None:
    async with visit(f"/requests/{REQUESTS['waiting'].sid}") as page:
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await world.show(REQUESTS["waiting"].model_copy(update={"state": RequestState.CANCELLED}))
        await expect(page.locator("h1 .state")).to_have_text("cancelled")
        await world.show(REQUESTS["waiting"])
        await expect(page.locator("h1 .state")).to_have_text("waiting")


@pytest.mark.parametrize(
    ("path", "field", "typed", "told"),
    [
        (BOARD_PAGE, "#search", "nothing-is-called-so", "#no-entries"),
        ("/queue", "#queue-text", "nothing-is-called-so", "#none-found"),
    ],
    ids=["board", "queue"],
)
async def test_what_is_typed_while_the_scripts_are_on_their_way_is_heard(
    browser: Browser, world: World, path: str, field: str, typed: str, told: str
) -> None:
    async with watched_page(browser) as page:
        they_come = asyncio.Event()

        async def hold(route: Route) -> None:
            await they_come.wait()
            await route.continue_()

        await page.route("**/htmx.min*", hold)
        await page.goto(world.url + path, wait_until="commit")
        await page.locator(field).fill(typed, force=True)
        they_come.set()
        await expect(page.locator(told)).to_be_visible()
        await expect(page).to_have_url(re.compile(typed))
        await expect(page.locator(field)).to_have_value(typed)


async def test_a_first_visit_weighs_little(visit: Visit) -> None:
    async with visit(BOARD_PAGE) as page:
        transferred = await page.evaluate(
            """() => ["navigation", "resource"]
              .flatMap((kind) => performance.getEntriesByType(kind))
              .reduce((total, one) => total + one.transferSize, 0)"""
        )

    assert 20_000 < transferred < 250_000
