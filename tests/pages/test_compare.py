"""Models side by side."""

import pytest
from playwright.async_api import expect

from tests.pages.conftest import Visit
from tests.pages.evaluated import CHILD, MARKUP, PARENT, faults_at_every_width
from tests.pages.world import BOARD, entries

BOTH = f"/compare?ids={PARENT.sid},{CHILD.sid}"


async def test_differences_come_with_how_sure_they_are_in_words(look: Visit) -> None:
    async with look(BOTH) as page:
        verdict = page.locator("#verdicts li")
        await expect(verdict).to_contain_text(f"is better than {PARENT.repo_id} by 32.22 points")
        rows = page.locator("#compare-table tbody tr")
        await expect(rows).to_have_count(len(BOARD.tasks))
        await expect(rows.nth(1)).to_contain_text("+30.00 better, p < 0.001")
        drawn = await page.evaluate(
            "Chart.getChart(document.getElementById('drawn')).data.datasets.map(one => one.data)"
        )
    assert [len(values) for values in drawn] == [len(BOARD.tasks)] * 2


async def test_the_samples_where_two_part_are_shown(look: Visit) -> None:
    async with look(f"{BOTH}&task=bbh") as page:
        part = page.locator("#part")
        await expect(part).to_contain_text("Of 60 documents that both were asked")
        await expect(part.locator("article")).to_have_count(18)
        first = part.locator("#sample-5")
        await expect(first).to_contain_text(MARKUP)
        await expect(first.locator(".verdict")).to_have_text(["wrong", "right"])
        await page.get_by_role("link", name="GPQA").click()
        await expect(part).to_contain_text("not be shown in plain text")
        assert "Which of these" not in await page.content()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
async def test_models_are_added_and_removed(look: Visit, scripts: bool) -> None:
    third = entries()[0]
    async with look(f"/compare?ids={PARENT.sid}", scripts=scripts) as page:
        await page.get_by_label("Part of the model").fill("lark-7B")
        if not scripts:
            await page.get_by_role("button", name="Find").click()
        await expect(page.locator("#offered a")).to_have_count(1)
        await page.locator("#offered a").click()
        await expect(page.locator("#compare-table tbody tr")).to_have_count(len(BOARD.tasks))
        await page.goto(f"{page.url},{third.sid}")
        await expect(page.locator("#verdicts li")).to_have_count(2)
        await expect(page.locator("#verdicts")).to_contain_text("How sure that is cannot be told")
        await page.get_by_role("link", name=f"Remove {PARENT.repo_id}").click()
        await expect(page.locator(".chosen-list li")).to_have_count(2)
    assert PARENT.sid not in page.url


@pytest.mark.parametrize("path", [BOTH, f"{BOTH}&task=bbh", f"/compare?ids={CHILD.sid}"])
async def test_comparisons_are_accessible(look: Visit, path: str) -> None:
    async with look(path) as page:
        await page.evaluate(
            "document.querySelectorAll('main details').forEach(one => one.open = true)"
        )
        assert await faults_at_every_width(page) == []


async def test_the_samples_are_narrowed_to_one_models_gains(look: Visit) -> None:
    async with look(f"{BOTH}&task=bbh", scripts=False) as page:
        part = page.locator("#part")
        await part.get_by_role("link", name="lark-7b-instruct better 18").click()
        await expect(part.locator("article")).to_have_count(18)
        await part.get_by_role("link", name="wren-7b better 0").click()
        await expect(part.locator("#no-difference")).to_be_visible()
        await part.get_by_role("link", name="All 18").click()
        await expect(part.locator("article")).to_have_count(18)


async def test_another_model_becomes_the_reference(look: Visit) -> None:
    async with look(BOTH, scripts=False) as page:
        await expect(page.locator("#verdicts li")).to_contain_text("is better than")
        await page.get_by_role("link", name=f"compare to this {CHILD.repo_id}").click()
        await expect(page.locator("#verdicts li")).to_contain_text(
            f"{PARENT.repo_id} is worse than {CHILD.repo_id} by 32.22 points"
        )
    assert page.url.endswith(f"ids={CHILD.sid},{PARENT.sid}")


async def test_what_the_models_are_stands_side_by_side(look: Visit) -> None:
    async with look(BOTH) as page:
        facts = page.locator("#facts-table tbody")
        await expect(facts.get_by_role("row", name="Type")).to_have_text("Typepretrainedchat")
        await expect(facts.get_by_role("row", name="Parameters")).to_have_text("Parameters7.2B7.2B")


async def test_many_models_are_drawn_along_the_tasks(visit: Visit) -> None:
    ids = ",".join(entry.sid for entry in entries()[:6])
    async with visit(f"/compare?ids={ids}") as page:
        kind = await page.evaluate("Chart.getChart(document.getElementById('drawn')).config.type")
        assert kind == "line"
        await expect(page.locator("#compare-table thead th")).to_have_count(7)


async def test_rows_without_samples_say_so(visit: Visit) -> None:
    ids = ",".join(entry.sid for entry in entries()[:4])
    async with visit(f"/compare?ids={ids}") as page:
        await expect(page.locator("#no-parting")).to_be_visible()
        await expect(page.locator("#verdicts li")).to_have_count(3)
