"""What the rows of a board tell: how sure they are, what they wait for, and nothing cut off."""

import re
from pathlib import Path

from playwright.async_api import Browser, expect

from contracts.evaluation import EvaluationProgress
from contracts.views import Entry, Flag, Request, RequestState
from runtime.bus import connect
from tests.browser import accessibility_faults, watched_page
from tests.pages.conftest import Visit
from tests.pages.world import BOARD, running_world
from tests.unit.gateway.examples import NOON, a_board, a_request, an_entry

PAGE = f"/boards/{BOARD.name}"
UNKNOWN = "\N{EN DASH}"


async def test_ranks_and_averages_tell_how_sure_they_are(browser: Browser, tmp_path: Path) -> None:
    first, second = (
        an_entry(f"acme/{name}", facts=score, grammar=score)
        for name, score in (("first", 51), ("second", 50))
    )
    views = [a_board(), an_entry("acme/half", facts=30, grammar=None)]
    views += [one.model_copy(update={"average_stderr": 2.0}) for one in (first, second)]
    async with running_world(tmp_path, views) as world, watched_page(browser) as page:
        await page.goto(world.url)
        ranges = page.locator("#ranked .rank-range")
        await expect(ranges).to_have_text(["1\N{EN DASH}2"] * 2)
        await expect(page.locator(".medal-1")).to_have_text("1")
        row = page.locator(f"#entry-{first.sid}")
        await expect(row.locator(".average")).to_contain_text("± 3.9")
        drawn = await row.locator("path.interval").get_attribute("d")
        assert drawn == "M47.08 0V8M47.08 4H54.92M54.92 0V8"
        await expect(page.locator(".provisional")).to_contain_text("1 of 2 tasks")
        await expect(page.locator(".reading")).to_contain_text("95 % interval")
        assert await accessibility_faults(page) == []


async def test_rows_that_cannot_be_told_apart_share_a_line(
    browser: Browser, tmp_path: Path
) -> None:
    scores = {"first": 80, "near-it": 79, "alone": 60, "third": 40, "near-third": 39}
    rows = [
        an_entry(f"acme/{name}", facts=score, grammar=score).model_copy(
            update={"average_stderr": 2.0}
        )
        for name, score in scores.items()
    ]
    line = "cell => getComputedStyle(cell).boxShadow"
    async with running_world(tmp_path, [a_board(), *rows]) as world, watched_page(browser) as page:
        await page.goto(world.url)
        cells = page.locator("#ranked td.rank")
        await expect(cells).to_have_count(len(rows))
        lines = [await cells.nth(place).evaluate(line) for place in range(len(rows))]
        assert lines[0] == lines[1] != "none"
        assert lines[2] == "none"
        assert lines[3] == lines[4] != "none"
        assert await accessibility_faults(page) == []

        await page.get_by_role("link", name="Facts", exact=True).click()
        await expect(page.locator("thead [aria-sort]")).to_have_text("Facts")
        assert {await cells.nth(place).evaluate(line) for place in range(len(rows))} == {"none"}


async def test_where_no_error_is_known_the_page_says_so(visit: Visit) -> None:
    async with visit(PAGE) as page:
        await page.get_by_role("link", name="without error bars").click()
        await expect(page.locator("#unsure")).to_be_in_viewport()
        await expect(page.locator("#unsure")).to_contain_text("none of these averages")
        await expect(page.locator(".reading")).not_to_contain_text("95 %")
        assert await page.locator(".rank-range, .error-bar, .interval").count() == 0


async def test_a_row_that_is_not_finished_says_what_it_waits_for(
    browser: Browser, tmp_path: Path
) -> None:
    rows: list[Entry] = []
    requests: list[Request] = []
    for name, state in (("runs", RequestState.RUNNING), ("broken", RequestState.FAILED)):
        entry = an_entry(f"acme/{name}", grammar=None)
        request = a_request(entry.repo_id, state, attempt=1, scored=("facts",))
        rows.append(entry)
        requests.append(request.model_copy(update={"sid": entry.sid}))
    views = [a_board(), *rows, *requests]
    async with running_world(tmp_path, views) as world, watched_page(browser) as page:
        await page.goto(world.url)
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        runs, broken = (page.locator(f"#entry-{entry.sid} .unfinished") for entry in rows)
        await expect(broken).to_contain_text("failed")
        await expect(runs).to_contain_text("1 of 2 tasks")
        step = EvaluationProgress(
            sid=rows[0].sid, run=1, attempt=1, phase="scoring", task="grammar", done=30, total=120
        )
        client = await connect(world.nats_url, name="test")
        await client.publish(step.subject(), step.model_dump_json().encode())
        await expect(runs.locator("[data-phase]")).to_have_text("scoring")
        await expect(runs.locator("[data-task]")).to_have_text("Grammar")
        await expect(runs.locator("progress")).to_have_js_property("position", 0.25)
        assert await accessibility_faults(page) == []
        await page.reload()
        await expect(runs.locator("progress")).to_have_js_property("position", 0.25)
        await runs.get_by_role("link", name="1 of 2 tasks").click()
        await page.wait_for_url(f"**/requests/{rows[0].sid}")
        await client.close()


async def test_what_speaks_against_a_row_is_seen_however_dense_the_rows(
    browser: Browser, tmp_path: Path
) -> None:
    flag = Flag(reason="Trained on the questions", link=None, at=NOON)
    long_name = f"acme/{'very-' * 12}long"
    flagged = an_entry(long_name).model_copy(update={"flag": flag, "is_available": False})
    views = [a_board(), flagged, an_entry("acme/plain")]
    async with running_world(tmp_path, views) as world, watched_page(browser) as page:
        for width in (1440, 390):
            await page.set_viewport_size({"width": width, "height": 900})
            for density in ("normal", "compact"):
                await page.goto(f"{world.url}/boards/demo?density={density}")
                row = page.locator(f"#entry-{flagged.sid}")
                mark = row.get_by_text("flagged", exact=True)
                assert await mark.get_attribute("title") == flag.reason
                box, cell = await mark.bounding_box(), await row.bounding_box()
                assert box
                assert cell
                assert cell["y"] <= box["y"]
                assert box["y"] + box["height"] <= cell["y"] + cell["height"]
                assert box["x"] + box["width"] <= width
                heights = await page.locator("#ranked tr").evaluate_all(
                    "rows => rows.map((row) => row.offsetHeight)"
                )
                assert len(set(heights)) == 1


async def test_an_empty_board_leads_on(browser: Browser, tmp_path: Path) -> None:
    async with running_world(tmp_path, [a_board()]) as world, watched_page(browser) as page:
        await page.goto(world.url)
        await expect(page.locator("#no-entries")).to_contain_text("No model has a score here yet")
        assert await accessibility_faults(page) == []
        await page.get_by_role("link", name="Look at the queue").click()
        await page.wait_for_url("**/queue?board=demo")
        await page.go_back()
        await page.get_by_role("link", name="Submit a model").click()
        await page.wait_for_url("**/submit?board=demo")


async def test_what_runs_and_the_charts_of_what_is_found_are_a_click_away(visit: Visit) -> None:
    async with visit(f"{PAGE}?size=mid-range&hide=merged&density=compact") as page:
        found = await page.locator("#tally b").inner_text()
        await page.get_by_role("link", name="Charts of these").click()
        await page.wait_for_url("**/insights?size=mid-range&hide=merged")
        await expect(page.locator(".insights-scope b")).to_have_text(found)
        await page.go_back()
        await page.get_by_role("link", name="1 running, 1 waiting").click()
        await page.wait_for_url(f"**/queue?board={BOARD.name}")


async def test_names_are_whole_and_numbers_stand_below_one_another(visit: Visit) -> None:
    cut = "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).map(o => o.title)"
    written = re.compile(rf"^(\d+\.\d{{2}}|0\.\d+|{UNKNOWN})$")
    async with visit(f"{PAGE}?limit=200") as page:
        assert await page.locator("#ranked .model-name").evaluate_all(cut) == []
        for column in range(3, 12):
            cells = await page.locator(f"#ranked td:nth-child({column})").all_inner_texts()
            numbers = [cell.split()[0] for cell in cells]
            assert [one for one in numbers if not written.match(one)] == []


async def test_every_choice_of_a_filter_shows_its_count(visit: Visit) -> None:
    hidden = """counts => counts.filter((count) => {
      const box = count.closest(".options").getBoundingClientRect();
      return count.getBoundingClientRect().right > box.right + 1;
    }).length"""
    for width in (1440, 390):
        async with visit(PAGE, width=width) as page:
            await page.locator("#filters summary").click()
            assert await page.locator("#filters .options .count").evaluate_all(hidden) == 0
