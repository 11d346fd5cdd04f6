"""The page of a model, its samples and its badge."""

import httpx
import pytest
from playwright.async_api import expect

from tests.pages.conftest import Visit
from tests.pages.evaluated import CHILD, MARKUP, PARENT, faults_at_every_width
from tests.pages.world import BOARD, REQUESTS, World, entries

MODEL = f"/models/{CHILD.repo_id}"
SAMPLES = f"/boards/{BOARD.name}/entries/{CHILD.sid}/samples"


async def test_a_model_is_shown_among_its_peers_with_its_family(look: Visit) -> None:
    async with look(MODEL) as page:
        await expect(page.locator("h1")).to_have_text(CHILD.repo_id)
        await expect(page.locator("#standing")).to_contain_text("Type: chat")
        await expect(page.locator("#scores-table tbody tr")).to_have_count(len(BOARD.tasks) + 1)
        await expect(page.locator("#scores .strip")).to_have_count(len(BOARD.tasks) + 1)
        await expect(page.locator("#lineage a")).to_have_count(2)
        await expect(page.locator("#runs")).to_contain_text("evaluated")
        await expect(page.locator("#timeline")).to_contain_text("Flagged")
        await page.locator("#subtasks-bbh summary").click()
        await expect(page.locator("#subtasks-table-bbh tbody tr")).to_have_count(24)

        peers = await page.locator("#scores thead .strip-cell").text_content()
        await page.get_by_role("link", name="All", exact=True).click()
        await expect(page.locator("#scores thead .strip-cell")).not_to_have_text(peers or "")
        await page.locator("#lineage a", has_text="wren-7b").click()
        await expect(page.locator("h1")).to_have_text(PARENT.repo_id)
        await expect(page.locator("#lineage")).to_contain_text("lark-7b-instruct")


async def test_what_strangers_wrote_is_text(look: Visit) -> None:
    async with look(MODEL) as page:
        await expect(page.locator("#flag")).to_contain_text(MARKUP)
        link = page.locator("#flag a")
        await expect(link).to_have_attribute("rel", "noopener nofollow")
        assert await page.locator("main script, main b", has_text="bold").count() == 0
    async with look(f"{SAMPLES}?task=bbh") as page:
        await expect(page.locator("#sample-0 pre")).to_contain_text(MARKUP)


@pytest.mark.parametrize("path", [MODEL, f"{SAMPLES}?task=bbh", f"{SAMPLES}?task=gpqa"])
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
    assert "search=these+is+19" in page.url


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


async def test_a_badge_holds_the_rank(evaluated: World) -> None:
    async with httpx.AsyncClient(base_url=evaluated.url) as http:
        badge = await http.get(f"/badges/{BOARD.name}/{CHILD.repo_id}.svg")
        missing = await http.get(f"/badges/{BOARD.name}/acme/nothing.svg")

    assert badge.headers["content-type"].startswith("image/svg+xml")
    assert "max-age" in badge.headers["cache-control"]
    assert "#1 of" in badge.text
    assert missing.status_code == 404
