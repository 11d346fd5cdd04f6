"""What one can ask of the board, and that the address says it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect

from services.gateway.pages.board_columns import choosable
from services.gateway.query.board_columns import Columns
from tests.browser import accessibility_faults, watched_page
from tests.pages.conftest import Visit
from tests.pages.world import BOARD, World, entries, running_world
from tests.unit.gateway.examples import a_board, an_entry

PAGE = f"/boards/{BOARD.name}"
COLUMNS = 2 + len(choosable(Columns(BOARD)))
EXAMPLE = entries()[0].repo_id.partition("/")[0]


async def test_a_search_is_explained_while_it_is_written(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await page.keyboard.press("/")
        await page.keyboard.type(f"{EXAMPLE} -@flagged:true")
        told = page.locator(".told .term")
        await expect(told).to_have_text([f"Model contains “{EXAMPLE}”", "Flagged is no"])
        await expect(page).to_have_url(re.compile("search="))
        marked = page.locator("#ranked tr:first-child .model-name mark")
        assert (await marked.first.inner_text()).casefold() == EXAMPLE.casefold()
        same = "([a, b]) => getComputedStyle(a).boxShadow === getComputedStyle(b).boxShadow"
        pair = [await told.first.element_handle(), await marked.first.element_handle()]
        assert await page.evaluate(same, pair)

        rows = await page.locator("#ranked tr").count()
        place = await page.locator("#rows").bounding_box()
        await page.locator("#search").press_sequentially(" @lisense:")
        await expect(page.locator(".fault-place mark")).to_have_text("@lisense:")
        await expect(page.locator(".search-fault")).to_contain_text("license")
        assert await page.locator("#ranked tr").count() == rows
        assert await page.locator("#rows").bounding_box() == place
        assert await accessibility_faults(page) == []

        await page.locator(".search-help summary").click()
        await page.get_by_role("link", name="llama 70b").click()
        await expect(page.locator("#search")).to_have_value("llama 70b")
        await expect(told).to_have_count(2)


async def test_filters_count_what_they_would_find_and_can_be_taken_back(visit: Visit) -> None:
    async with visit(PAGE) as page:
        quick = page.locator("#quick-3")
        count = await quick.locator(".count").inner_text()
        await quick.click()
        await expect(page.locator("#tally b")).to_have_text(count)
        await expect(page).to_have_url(re.compile("size=mid-range"))

        await page.locator("#filters summary").click()
        merges = page.locator("#facet-type label", has=page.locator("[value=merge]"))
        count = await merges.locator(".count").inner_text()
        await merges.click()
        await expect(page.locator("#tally b")).to_have_text(count)
        await expect(page.locator("#chips .chip")).to_have_count(2)
        assert await accessibility_faults(page) == []

        await page.locator("[data-bound=params_max]").press("ArrowLeft")
        await expect(page.locator("#params_max")).to_have_value("50")
        await expect(page).to_have_url(re.compile("params_max=50"))
        await page.locator("#filters [data-close]").click()
        await page.locator("#chips .chip", has_text="merge").click()
        await expect(page.locator("#facet-type [value=merge]")).not_to_be_checked()
        await page.locator("#chips .reset").click()
        await expect(page).to_have_url(re.compile(f"{PAGE}$"))
        await expect(page.locator("#params_max")).to_have_value("")


async def test_columns_scores_and_weights_are_chosen(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await page.locator("#columns summary").click()
        await page.locator("#columns").get_by_label("License", exact=True).check()
        await expect(page.locator("thead")).to_contain_text("License")
        await page.locator("#scores summary").click()
        await page.locator("#scores [value=raw]").check()
        await expect(page.locator("#ranked td.task").first).to_have_text(re.compile(r"^0\.\d{4}$"))
        average = await page.locator("#ranked .average .number").first.inner_text()
        await page.locator("[data-weight=weight-math]").press("End")
        await expect(page.locator("#weight-math")).to_have_value("5")
        await expect(page).to_have_url(re.compile("weights=math%3A5"))
        await expect(page.locator("#ranked .average .number").first).not_to_have_text(average)
        assert await accessibility_faults(page) == []
        await page.reload()
        await expect(page.locator("#weight-math")).to_have_value("5")

        download = page.locator("#download a", has_text="CSV")
        await page.locator("#download summary").click()
        async with page.expect_download() as started:
            await download.click()
        written = Path(await (await started.value).path()).read_text().splitlines()
        assert written[0].startswith("rank,rank_best,rank_worst,model,average,ifeval_raw")
        assert "license" in written[0]
        assert len(written) == 1 + len(entries())


async def test_rows_are_as_high_whatever_they_hold(visit: Visit) -> None:
    heights = "rows => [...new Set(rows.map((row) => row.offsetHeight))]"
    async with visit(PAGE) as page:
        for density in ("", "&density=compact"):
            await page.goto(page.url.partition("?")[0] + "?columns=average" + density)
            few = await page.locator("#ranked tr").evaluate_all(heights)
            await page.locator("#columns summary").click()
            await page.get_by_role("link", name="Everything").click()
            await expect(page.locator("thead th")).to_have_count(COLUMNS)
            assert await page.locator("#ranked tr").evaluate_all(heights) == few
            assert len(few) == 1
            assert await accessibility_faults(page) == []


async def test_rows_are_ordered_by_several_columns(visit: Visit) -> None:
    async with visit(PAGE) as page:
        heading = page.locator("thead th", has_text=BOARD.tasks[1].title)
        await heading.locator("a").click()
        await expect(heading).to_have_attribute("aria-sort", "descending")
        await heading.locator("a").click()
        await expect(heading).to_have_attribute("aria-sort", "ascending")
        other = page.locator("thead th", has_text=BOARD.tasks[0].title)
        await other.locator("a").click(modifiers=["Shift"])
        await expect(other).to_have_attribute("aria-sort", "descending")
        await expect(heading).to_have_attribute("aria-sort", "ascending")
        await page.go_back()
        await expect(page.locator("thead [aria-sort]")).to_have_count(1)
        await page.locator("#quick-1").click()
        await page.locator("#filters summary").click()
        await page.locator("#facet-type [value=chat]").check()
        await page.locator("#filters [data-close]").click()
        await page.locator("#chips .chip", has_text="chat").click()
        await expect(page.locator("#facet-type [value=chat]")).not_to_be_checked()


async def test_pins_float_and_are_compared_with_the_keyboard_alone(visit: Visit) -> None:
    async with visit(PAGE) as page:
        for place in (4, 2):
            await page.locator("#ranked .pin").nth(place).focus()
            await page.keyboard.press("Enter")
            await expect(page.locator("#pinned tr")).to_have_count(1 if place == 4 else 2)
        names = await page.locator("#pinned .model-name").all_inner_texts()
        ranked = await page.locator("#ranked .model-name").all_inner_texts()
        assert names == [ranked[4], ranked[2]]
        await page.locator("#rows").evaluate("one => one.scrollTop = 2000")
        await expect(page.locator("#pinned tr").first).to_be_in_viewport()
        await page.locator("#search").fill("nothing is called so")
        await expect(page.locator("#tally b")).to_have_text("0")
        await expect(page.locator("#pinned tr")).to_have_count(2)
        compare = page.get_by_role("link", name="Compare 2")
        assert len(re.findall("ids=", await compare.get_attribute("href") or "")) == 2
        await page.get_by_role("link", name="Unpin all").click()
        await expect(page.locator("#no-entries")).to_contain_text("No model is found")


async def test_scrolling_brings_rows_and_lets_others_go(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await expect(page.locator("#ranked tr")).to_have_count(50)
        for most in (100, 150, 200):
            await page.locator("#ranked tr").last.scroll_into_view_if_needed()
            await expect(page.locator("#ranked tr")).to_have_count(most)
        height = await page.locator("#rows").evaluate("one => one.scrollHeight")
        if len(entries()) > 400:
            await page.locator("#ranked tr").last.scroll_into_view_if_needed()
            await expect(page.locator("#ranked .place").first).not_to_have_text("1")
            await expect(page.locator("#ranked tr")).to_have_count(200)
            assert await page.locator("#rows").evaluate("one => one.scrollHeight") > height
        await page.locator("#rows").evaluate("one => one.scrollTop = 0")
        await expect(page.locator("#ranked .place").first).to_have_text("1")


async def test_a_row_that_comes_in_far_down_leaves_what_is_read(
    browser: Browser, tmp_path: Path
) -> None:
    rows = [an_entry(f"acme/model-{n:03}", facts=n / 4, grammar=n / 4) for n in range(250)]
    async with running_world(tmp_path, [a_board(), *rows]) as world, watched_page(browser) as page:
        await page.goto(world.url)
        await page.locator("#ranked tr").last.scroll_into_view_if_needed()
        row = page.locator(f"#entry-{rows[180].sid}")
        await row.scroll_into_view_if_needed()
        before = await row.bounding_box()

        await world.show(an_entry("acme/first", facts=99, grammar=99))
        await expect(page.locator("#ranked .model-name", has_text="first")).to_be_attached()
        after = await row.bounding_box()

        assert before
        assert after
        assert abs(before["y"] - after["y"]) < 2
        assert await page.locator("#ranked tr").count() > 50


@pytest.mark.parametrize("width", [1440, 390])
async def test_the_tools_have_their_places_before_all_of_them_are_there(
    browser: Browser, world: World, width: int
) -> None:
    async def cut_off(route: Route) -> None:
        answer = await route.fetch()
        read = (await answer.text()).partition('<details class="dropdown panel" id="columns">')[0]
        await route.fulfill(response=answer, body=read)

    async with watched_page(browser, width, scripts=False) as page:
        tools = page.locator("#search, .search-help, #filters summary")
        corners = """all => all.map((one) => one.getBoundingClientRect())
          .flatMap(({ left, top, right }) => [left, top, right])"""
        await page.route(f"**{PAGE}", cut_off)
        await page.goto(world.url + PAGE)
        await expect(page.locator("#columns")).to_have_count(0)
        first = await tools.evaluate_all(corners)
        await page.unroute_all()
        await page.goto(world.url + PAGE)
        await expect(page.locator("#columns")).to_be_visible()
        assert await tools.evaluate_all(corners) == pytest.approx(first, abs=2)
        assert len(first) == 9


async def test_everything_can_be_asked_without_javascript(visit: Visit) -> None:
    async with visit(PAGE, scripts=False) as page:
        await page.locator("#search").fill(EXAMPLE)
        await page.get_by_role("button", name="Search").click()
        await expect(page).to_have_url(re.compile(rf"{PAGE}\?search={EXAMPLE}$", re.IGNORECASE))
        await page.locator("#scores summary").click()
        await page.locator("#scores [value=compact]").check()
        await page.locator("#weight-math").fill("2")
        await page.locator("#scores [value=weighted]").check()
        await page.locator("#scores").get_by_role("button", name="Apply").click()
        await expect(page).to_have_url(re.compile("weights=math%3A2"))
        await expect(page.locator("table.board.compact")).to_be_visible()
        await page.locator("#ranked .pin").first.click()
        await expect(page.locator("#pinned tr")).to_have_count(1)
        await page.goto(page.url.partition("?")[0])
        await page.get_by_role("link", name="Next 50").click()
        await expect(page.locator("#ranked .place").first).to_have_text(re.compile("5[01]"))


async def test_a_phone_shows_names_while_scores_are_scrolled(visit: Visit) -> None:
    async with visit(PAGE, width=390) as page:
        name = page.locator("#ranked .model-name").first
        before = await name.bounding_box()
        await page.locator("#rows").evaluate("one => one.scrollLeft = 300")
        assert await name.bounding_box() == before
        await page.locator("#filters summary").click()
        sheet = page.locator("#filters .dropdown-panel")
        box = await sheet.bounding_box()
        assert box
        assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
        assert await accessibility_faults(page) == []
        await sheet.get_by_role("button", name="Show").click()
        await expect(sheet).to_be_hidden()


async def test_markup_in_names_reasons_and_searches_stays_text(
    browser: Browser, tmp_path: Path
) -> None:
    markup = "<img src=x onerror=alert(1)>"
    entry = an_entry("acme/tiny").model_copy(update={"license": markup, "architecture": markup})
    async with running_world(tmp_path, [a_board(), entry]) as world, watched_page(browser) as page:
        await page.goto(f"{world.url}/boards/demo?columns=license,architecture")
        await expect(page.locator("#ranked")).to_contain_text(markup)
        await page.locator("#search").fill(f'"{markup}"')
        await expect(page.locator(".told")).to_contain_text(markup)
        await page.locator("#search").fill(f"@{markup}")
        await expect(page.locator(".fault-place")).to_contain_text(markup)
        assert await page.locator("main img").count() == 0
