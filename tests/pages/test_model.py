"""The page of a model, its samples and its badge."""

import re

import httpx
import pytest
from playwright.async_api import expect

from contracts.views import Level
from tests.integration.gateway.gateways import take_away
from tests.pages.conftest import Visit
from tests.pages.evaluated import CHILD, MARKUP, PARENT, RESCORING, faults_at_every_width
from tests.pages.world import BOARD, REQUESTS, World, entries
from tests.unit.gateway.examples import NOON

MODEL = f"/models/{CHILD.repo_id}"
LAST_RANK = (
    "Chart.getChart(document.querySelector('#insight-ranks canvas'))"
    "?.data.datasets.at(-1).data.at(-1).y"
)
RESCORINGS = f"/boards/{BOARD.name}/rescorings"
SAMPLES = f"/boards/{BOARD.name}/entries/{CHILD.sid}/samples"


async def test_a_model_is_shown_among_its_peers_with_its_family(look: Visit) -> None:
    async with look(MODEL) as page:
        await expect(page.locator("h1")).to_have_text(CHILD.repo_id)
        await expect(page.locator("#standing")).to_contain_text("Type: chat")
        await expect(page.locator("#scores-table tbody tr")).to_have_count(len(BOARD.tasks) + 1)
        await expect(page.locator("#scores .strip")).to_have_count(len(BOARD.tasks) + 1)
        await expect(page.locator("#lineage svg a")).to_have_count(2)
        await expect(page.locator("#runs")).to_contain_text("evaluated")
        await expect(page.locator("#timeline")).to_contain_text("Flagged")
        await page.locator("#subtasks-bbh summary").click()
        await expect(page.locator("#subtasks-table-bbh tbody tr")).to_have_count(24)

        peers = await page.locator("#scores thead .strip-cell").text_content()
        await page.get_by_role("link", name="All", exact=True).click()
        await expect(page.locator("#scores thead .strip-cell")).not_to_have_text(peers or "")
        await page.locator("#lineage svg a", has_text="wren-7b").click()
        await expect(page.locator("h1")).to_have_text(PARENT.repo_id)
        await expect(page.locator("#lineage")).to_contain_text("lark-7b-instruct")


async def test_how_its_rank_went_is_drawn_and_told(look: Visit, evaluated: World) -> None:
    async with look(MODEL) as page:
        figure = page.locator("#insight-ranks")
        await figure.scroll_into_view_if_needed()
        await page.wait_for_function(
            "() => Chart.getChart(document.querySelector('#insight-ranks canvas'))"
        )
        line = await page.evaluate(
            "Chart.getChart(document.querySelector('#insight-ranks canvas'))"
            ".data.datasets.at(-1).data.map(point => point.y)"
        )
        await expect(figure.locator("[data-series]")).to_have_text(
            ["Came onto the board", "The board was re-scored", "Rank"]
        )
        await figure.get_by_text("Table").click()
        newest = figure.locator("tbody tr").first
        await expect(newest).to_contain_text("The board was re-scored, its average went from")
        await expect(page.locator("#timeline")).to_contain_text("It came onto the board. Rank 1 of")
        async with httpx.AsyncClient(base_url=evaluated.url, timeout=30) as http:
            address = f"/boards/{BOARD.name}/entries/{CHILD.sid}/ranks"
            file = await http.get(address, params={"format": "csv"})
        await page.locator("#timeline a", has_text="re-scored").click()
        await expect(page.locator("h1")).to_have_text("Re-scorings")
        moved = page.locator(f"#rescoring-{RESCORING.sequence}")
        await expect(moved).to_contain_text(RESCORING.differences[0])
        await expect(moved.locator("tbody tr")).to_have_count(len(RESCORING.moves))
        await expect(moved.locator("tbody tr").last).to_contain_text("▲ up 3")

    assert line == [1, 1]
    assert file.headers["content-type"].startswith("text/csv")
    assert file.text.splitlines()[0] == "Since,Rank,Of,Average,What moved it"
    assert len(file.text.splitlines()) == 3


async def test_ranks_are_a_table_without_javascript(look: Visit) -> None:
    async with look(MODEL, scripts=False) as page:
        figure = page.locator("#insight-ranks")
        await expect(figure.locator(".plot")).to_be_hidden()
        await figure.get_by_text("Table").click()
        await expect(figure.locator("tbody tr")).to_have_count(2)
        await expect(figure.get_by_role("link", name="CSV")).to_be_visible()


async def test_every_run_is_told_with_its_end(look: Visit) -> None:
    async with look(MODEL) as page:
        runs = page.locator("#runs-table tbody tr")
        await expect(runs).to_have_count(2)
        await expect(runs.first).to_contain_text("failed")
        await expect(runs.first).to_contain_text("The Hub was away.")
        await expect(runs.last).to_contain_text("after 2 attempts")
        await expect(runs.last).to_contain_text("gpu-2")
        await expect(runs.last).to_have_attribute("aria-current", "true")


async def test_the_page_keeps_up_without_moving_what_is_read(look: Visit, evaluated: World) -> None:
    newcomer = PARENT.model_copy(
        update={
            "sid": "f" * 20,
            "repo_id": "acme/newcomer",
            "base_models": (PARENT.repo_id,),
            "average": 99.0,
            "averages": (Level(since=NOON, average=99.0),),
        }
    )
    async with look(f"/models/{PARENT.repo_id}") as page:
        rank = page.locator("#standing .tile").nth(1)
        before = await rank.text_content()
        await page.locator("#insight-ranks").scroll_into_view_if_needed()
        await page.wait_for_function(f"() => {LAST_RANK}")
        drawn = await page.evaluate(LAST_RANK)
        await page.locator("#subtasks-bbh summary").click()
        place = page.locator("#subtasks-table-bbh")
        await place.scroll_into_view_if_needed()
        top = await place.evaluate("it => it.getBoundingClientRect().top")
        await evaluated.show(newcomer)
        try:
            await expect(rank).not_to_have_text(before or "")
            await expect(page.locator("#lineage")).to_contain_text("newcomer")
            await expect(place).to_be_visible()
            # The browser makes up for what has come in above when it paints.
            await page.wait_for_function(
                "top => document.querySelector('#subtasks-table-bbh')"
                ".getBoundingClientRect().top === top",
                arg=top,
            )
            await page.wait_for_function(f"() => {LAST_RANK} === {drawn + 1}")
        finally:
            await take_away(evaluated.js, newcomer)


async def test_on_a_phone_the_family_is_a_list(look: Visit) -> None:
    async with look(MODEL, width=390) as page:
        await expect(page.locator("#lineage svg")).to_be_hidden()
        names = page.locator(".family-list li > :first-child")
        await expect(names).to_have_text(["acme/never-seen", PARENT.repo_id, CHILD.repo_id])
        await names.nth(1).click()
        await expect(page.locator("h1")).to_have_text(PARENT.repo_id)


async def test_the_board_says_when_it_was_rescored(look: Visit) -> None:
    async with look(f"/boards/{BOARD.name}") as page:
        await page.get_by_role("link", name="Re-scored").click()
        await expect(page.locator(f"#rescoring-{RESCORING.sequence}")).to_be_visible()
        await page.get_by_role("link", name=CHILD.repo_id).click()
        await expect(page.locator("h1")).to_have_text(CHILD.repo_id)


async def test_a_board_that_was_never_rescored_says_so(visit: Visit) -> None:
    async with visit(f"/boards/{BOARD.name}/rescorings") as page:
        await expect(page.locator("#never")).to_contain_text("Never re-scored")


async def test_what_strangers_wrote_is_text(look: Visit) -> None:
    async with look(MODEL) as page:
        await expect(page.locator("#flag")).to_contain_text(MARKUP)
        link = page.locator("#flag a").first
        await expect(link).to_have_attribute("rel", "noopener nofollow")
        assert await page.locator("main script, main b", has_text="bold").count() == 0
    async with look(f"{SAMPLES}?task=bbh") as page:
        await expect(page.locator("#sample-0 pre")).to_contain_text(MARKUP)


@pytest.mark.parametrize("path", [MODEL, RESCORINGS, f"{SAMPLES}?task=bbh", f"{SAMPLES}?task=gpqa"])
async def test_the_pages_of_an_evaluated_model_are_accessible(look: Visit, path: str) -> None:
    async with look(path) as page:
        await page.evaluate(
            "document.querySelectorAll('main details').forEach(one => one.open = true)"
        )
        assert await faults_at_every_width(page) == []


async def test_a_command_is_copied(look: Visit) -> None:
    async with look(MODEL) as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.locator("#reproduce [data-copy=reproduce-command]").click()
        await expect(page.locator("#reproduce .copy").first).to_have_text("Copied")
        copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == f"podium reproduce {CHILD.sid}"


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
async def test_samples_are_narrowed_to_wrong_ones_and_searched(look: Visit, scripts: bool) -> None:
    async with look(f"{SAMPLES}?task=bbh", scripts=scripts) as page:
        found = page.locator("#found")
        await expect(found).to_contain_text("60 samples, 1 to 20")
        await page.get_by_role("link", name="Later").click()
        await expect(found).to_contain_text("21 to 40")
        await page.get_by_label("Only what is not right").check()
        if not scripts:
            await page.get_by_role("button", name="Show").click()
        await expect(found).to_contain_text("12 samples that are not right")
        await expect(page.locator("#samples .verdict-right")).to_have_count(0)
        chosen = page.locator("#sample-8 .is-chosen")
        await expect(chosen).to_contain_text("no")
        await expect(chosen).to_contain_text("-1.000")
        await expect(page.locator("#sample-8 .is-target")).to_contain_text("right answer")
        await page.get_by_label("Text in question").fill("these is 19")
        if not scripts:
            await page.get_by_role("button", name="Show").click()
        await expect(found).to_contain_text("1 sample that")
        await expect(page.locator("#samples article")).to_have_count(1)
        await expect(page).to_have_url(re.compile(r"search=these\+is\+19"))


async def test_questions_whose_authors_ask_for_it_are_not_shown(look: Visit) -> None:
    async with look(f"{SAMPLES}?task=gpqa") as page:
        await expect(page.locator(".private")).to_contain_text("not be shown in plain text")
        await expect(page.locator("#found")).to_contain_text("60 samples")
        assert "Which of these" not in await page.content()
        assert await page.get_by_label("Text in question").count() == 0


async def test_an_imported_model_says_where_its_scores_are_from(visit: Visit) -> None:
    entry = entries()[0]
    async with visit(f"/models/{entry.repo_id}") as page:
        await expect(page.locator("h1")).to_have_text(entry.repo_id)
        await expect(page.locator("#reproduce")).to_contain_text("submit")
    async with visit(f"/boards/{BOARD.name}/entries/{entry.sid}/samples") as page:
        await expect(page.locator("#no-samples")).to_contain_text("No samples")


async def test_a_model_without_a_row_shows_its_requests(visit: Visit) -> None:
    request = REQUESTS["failed"]
    async with visit(f"/models/{request.model.repo_id}") as page:
        await expect(page.locator("#no-entry")).to_be_visible()
        steps = page.locator("#timeline a")
        await expect(steps.first).to_have_attribute("href", f"/requests/{request.sid}")
        await page.locator("#runs a").first.click()
        await expect(page).to_have_url(
            f"{page.url.partition('/requests')[0]}/requests/{request.sid}"
        )


async def test_another_spelling_leads_to_the_same_row(look: Visit) -> None:
    async with look(f"/models/{CHILD.repo_id.upper()}?entry={CHILD.sid}") as page:
        assert page.url.endswith(f"/models/{CHILD.repo_id}?entry={CHILD.sid}")
        await page.get_by_role("link", name="All decisions about it").click()
        await expect(page.locator("main")).to_contain_text("Trained on the questions")


async def test_a_badge_holds_the_rank(evaluated: World) -> None:
    async with httpx.AsyncClient(base_url=evaluated.url, timeout=30) as http:
        badge = await http.get(f"/badges/{BOARD.name}/{CHILD.repo_id}.svg")
        missing = await http.get(f"/badges/{BOARD.name}/acme/nothing.svg")

    assert badge.headers["content-type"].startswith("image/svg+xml")
    assert "max-age" in badge.headers["cache-control"]
    assert "#1 of" in badge.text
    assert missing.status_code == 404
