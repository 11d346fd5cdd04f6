"""The charts of a board's rows, what stands behind them, and where they lead."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from services.gateway.insights.catalogue import INSIGHTS
from services.gateway.pages.insights import MOST_SHOWN
from tests.browser import watched_page
from tests.pages.conftest import Visit
from tests.pages.world import BOARD, World, entries, running_world
from tests.unit.gateway.examples import a_board, an_entry

INSIGHTS_PAGE = f"/boards/{BOARD.name}/insights"
PNG = b"\x89PNG\r\n"


@pytest.mark.parametrize("name", INSIGHTS)
async def test_a_chart_comes_into_view_drawn(visit: Visit, name: str) -> None:
    async with visit(INSIGHTS_PAGE) as page:
        figure = await _drawn(page, name)
        series = await figure.locator("[data-series]").all_inner_texts()
        drawn = await _chart(figure, "chart.data.datasets.map(one => one.label)")
        axes = await _chart(figure, "[chart.options.scales.x.title.text, chart.width]")

    assert drawn == series
    assert axes[0]
    assert axes[1] > 300


async def test_a_search_is_of_the_charts_too(visit: Visit, world: World) -> None:
    some = entries()[0].repo_id
    async with visit(INSIGHTS_PAGE) as page:
        figure = await _drawn(page, "size")
        await page.get_by_role("searchbox").fill(f'"{some}"')
        await expect(page.locator(".insights-scope")).to_contain_text("found")
        await expect(page).to_have_url(re.compile(r"search=%22"))
        await page.wait_for_function(
            "() => Chart.getChart(document.querySelector('#insight-size canvas'))"
            "?.data.datasets.flatMap(one => one.data).length < 20"
        )
        models = await _chart(figure, "chart.data.datasets.flatMap(o => o.data.map(p => p.model))")
        found = await page.get_by_role("link", name="See them on the board").get_attribute("href")

    assert set(models) == {some}
    async with httpx.AsyncClient(base_url=world.url, timeout=30) as http:
        assert found
        assert (await http.get(found, follow_redirects=True)).is_success


async def test_filters_of_the_address_hold_and_can_be_turned_around(visit: Visit) -> None:
    async with visit(f"{INSIGHTS_PAGE}?type=chat,merge&hide=flagged") as page:
        figure = await _drawn(page, "size")
        names = await figure.locator("[data-series]").all_inner_texts()
        await page.get_by_role("link", name=re.compile(r"^merge \d", re.IGNORECASE)).click()
        await expect(page.locator(".pick[aria-current]")).to_have_count(2)
        left = await (await _drawn(page, "size")).locator("[data-series]").all_inner_texts()

    assert set(names) == {"Front", "Chat", "Merge"}
    assert left == ["Front", "Chat"]


async def test_a_point_tells_of_its_model_and_leads_to_its_page(visit: Visit) -> None:
    async with visit(INSIGHTS_PAGE, expected=(404,)) as page:
        figure = await _drawn(page, "size")
        first = "chart.getDatasetMeta(0).data[0]"
        model = await _chart(figure, "chart.data.datasets[0].data[0].model")
        place = await _chart(figure, f"({{x: {first}.x, y: {first}.y}})")
        canvas = figure.locator("canvas")
        await canvas.hover(position=place)
        await page.wait_for_function(
            "() => Chart.getChart(document.querySelector('#insight-size canvas')).tooltip.body"
        )
        told = await _chart(figure, "chart.tooltip.title.concat(chart.tooltip.body[0].lines)")
        await canvas.click(position=place)
        await page.wait_for_url(f"**/models/{model}**")

    assert told[0] == model
    assert any("Parameters (billions): " in line for line in told)
    assert any("Average score" in line for line in told)


async def test_a_series_can_be_taken_out(visit: Visit) -> None:
    async with visit(INSIGHTS_PAGE) as page:
        figure = await _drawn(page, "progress")
        item = figure.locator("[data-series]").first
        await item.press("Enter")
        await expect(item).to_have_attribute("aria-pressed", "false")
        shown = await _chart(figure, "chart.isDatasetVisible(0)")

    assert shown is False


async def test_new_scores_are_drawn_and_what_was_taken_out_stays_out(
    browser: Browser, tmp_path: Path
) -> None:
    rows = [an_entry(f"acme/model-{n}", facts=n, grammar=n) for n in range(10, 20)]
    drawn = """() => Chart.getChart(document.querySelector("#insight-size canvas"))
      ?.data.datasets.flatMap((one) => one.data).map((point) => point.model) ?? []"""
    async with running_world(tmp_path, [a_board(), *rows]) as world, watched_page(browser) as page:
        await page.goto(f"{world.url}/boards/demo/insights")
        figure = await _drawn(page, "size")
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        item = figure.locator("[data-series]").first
        await item.click()
        await figure.locator("summary").click()
        assert "acme/first" not in await page.evaluate(drawn)

        await world.show(an_entry("acme/first", facts=99, grammar=99))
        await page.wait_for_function(f"() => ({drawn})().includes('acme/first')")
        await expect(figure.locator("tbody th").first).to_have_text("acme/first")
        await expect(page.locator(".insights-scope")).to_contain_text("All 11 rows")
        await expect(item).to_have_attribute("aria-pressed", "false")
        assert await _chart(figure, "chart.isDatasetVisible(0)") is False


async def test_charts_fit_a_phone_in_the_dark(visit: Visit) -> None:
    async with visit(INSIGHTS_PAGE, width=390, color_scheme="dark") as page:
        surface = await page.locator("#insight-size .plot").evaluate(
            "plot => getComputedStyle(plot).color"
        )
        for name in INSIGHTS:
            figure = await _drawn(page, name)
            box = await figure.locator("canvas").bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            colour = await _chart(figure, "chart.options.scales.x.ticks.color")
            assert colour == surface
            assert await figure.get_by_role("button", name="PNG").is_visible()


async def test_a_chart_is_downloaded_as_a_picture_and_as_a_file(
    visit: Visit, tmp_path: Path
) -> None:
    async with visit(f"{INSIGHTS_PAGE}?type=chat") as page:
        figure = await _drawn(page, "size")
        async with page.expect_download() as picture:
            await figure.get_by_role("button", name="PNG").click()
        await (await picture.value).save_as(tmp_path / "chart.png")
        async with page.expect_download() as file:
            await figure.get_by_role("link", name="CSV").click()
        await (await file.value).save_as(tmp_path / "chart.csv")

    assert (tmp_path / "chart.png").read_bytes().startswith(PNG)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "chart.csv").read_text())))
    chats = [one for one in entries() if one.model_type == "chat" and one.parameters > 1000]
    assert len(rows) == len(chats)
    assert {row["Type"] for row in rows} == {"chat"}
    averages = [float(row["Average"]) for row in rows]
    assert averages == sorted(averages, reverse=True)


async def test_a_chart_takes_the_colours_that_are_chosen(visit: Visit) -> None:
    async with visit(INSIGHTS_PAGE, color_scheme="light") as page:
        figure = await _drawn(page, "progress")
        colors = "chart.data.datasets.map(one => one.borderColor)"
        light = await _chart(figure, colors)
        await page.locator("#theme").get_by_title("Dark").click()
        dark = await _chart(figure, colors)

    assert len(light) == len(dark)
    assert all(one != other for one, other in zip(light, dark, strict=True))


async def test_without_javascript_there_are_tables_files_and_searches(visit: Visit) -> None:
    async with visit(INSIGHTS_PAGE, scripts=False) as page:
        figure = page.locator("#insight-size")
        await expect(figure.locator("canvas")).to_be_hidden()
        await figure.locator("summary").click()
        await expect(figure.locator("tbody tr")).to_have_count(MOST_SHOWN)
        best = figure.locator("tbody th a").first
        name = await best.inner_text()
        await expect(best).to_have_attribute("href", f"/models/{name}")
        await page.get_by_role("searchbox").fill(f'"{name}"')
        await page.get_by_role("button", name="Search").click()
        await figure.locator("summary").click()
        await expect(figure.locator("tbody th").first).to_have_text(name)
        await page.get_by_role("link", name="By date uploaded").click()
        await expect(page).to_have_url(re.compile("date=uploaded"))
        await expect(page.get_by_role("searchbox")).to_have_value(f'"{name}"')


async def test_where_nothing_is_found_every_insight_says_what_is_missing(visit: Visit) -> None:
    async with visit(f"{INSIGHTS_PAGE}?search=no-such-model-anywhere") as page:
        readings = await page.locator("[data-reading]").all_inner_texts()
        assert await page.locator("canvas, .insight details").count() == 0

    assert len(readings) == len(INSIGHTS)
    assert all(one.startswith("No ") for one in readings)


async def test_what_cannot_be_answered_is_refused_with_what_can(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.url, timeout=30) as http:
        unknown = await http.get(f"{INSIGHTS_PAGE}/weather")
        field = await http.get(INSIGHTS_PAGE, params={"search": "@nothing:1"})

    assert unknown.status_code == 404
    assert "size" in unknown.text
    assert field.status_code == 422


async def _drawn(page: Page, name: str) -> Locator:
    figure = page.locator(f"#insight-{name}")
    await figure.scroll_into_view_if_needed()
    await page.wait_for_function(
        "name => window.Chart?.getChart(document.querySelector(`#insight-${name} canvas`))",
        arg=name,
    )
    return figure


async def _chart(figure: Locator, expression: str) -> Any:
    return await figure.locator("canvas").evaluate(
        f"canvas => {{ const chart = Chart.getChart(canvas); return {expression}; }}"
    )
