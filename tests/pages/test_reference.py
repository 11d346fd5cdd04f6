"""The pages about the board, the API and the events say what is so."""

import asyncio
from typing import Any

import httpx
from playwright.async_api import expect

from contracts.registry import EVENT_TYPES, VIEW_TYPES
from tests.pages.conftest import Visit
from tests.pages.world import BOARD, World, entries


async def test_the_api_page_lists_every_operation(visit: Visit, world: World) -> None:
    async with httpx.AsyncClient(base_url=world.url, timeout=30) as http:
        document = (await http.get("/api/openapi.json")).json()
    operations = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }

    async with visit("/docs/api") as page:
        summaries = await page.locator("details.entry:has(.method) summary").all()
        listed = {
            (
                await one.locator(".method").inner_text(),
                await one.locator("code").first.inner_text(),
            )
            for one in summaries
        }

    assert listed == operations


async def test_the_events_page_lists_every_message_with_its_fields(visit: Visit) -> None:
    async with visit("/docs/events") as page:
        for message in (*EVENT_TYPES, *VIEW_TYPES):
            entry = page.locator(f"details:has(> #{message.__name__})")
            await expect(entry.locator("summary code").first).to_have_text(message.SUBJECT)
            for name in message.model_fields:
                assert await entry.get_by_text(name, exact=True).count() >= 1, name


async def test_the_messages_are_described_for_generators(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.url, timeout=30) as http:
        document = (await http.get("/api/asyncapi.json")).json()

    assert document["asyncapi"] == "3.0.0"
    assert "podium.v1.submission.received" in document["channels"]


async def test_the_about_page_tells_of_each_task_and_whom_to_cite(
    visit: Visit, world: World
) -> None:
    async with visit(f"/boards/{BOARD.name}/about") as page:
        for task in BOARD.tasks:
            card = page.locator(f"#task-{task.id}")
            await expect(card).to_contain_text(task.harness_task)
            assert task.source
            await expect(card.get_by_role("link")).to_have_attribute("href", task.source.url)
        await expect(page.locator("#task-gpqa math mfrac")).to_be_visible()
        await expect(page.locator("#task-gpqa")).to_contain_text("25 %")
        height = await page.locator("math[display=block]").first.evaluate("one => one.clientHeight")
        citations = await page.locator("code[id^=cite-]").all_inner_texts()

    async with httpx.AsyncClient(base_url=world.url, timeout=30) as http:
        answer = await http.get(f"/boards/{BOARD.name}/citations.bib")

    assert answer.headers["content-disposition"] == f'attachment; filename="{BOARD.name}.bib"'
    assert [one.strip() for one in citations] == answer.text.strip().split("\n\n")
    assert height > 30  # typeset, not one line of text
    assert any("Open {LLM} Leaderboard v2" in one for one in citations)
    assert any("Language Model Evaluation Harness" in one for one in citations)
    assert len(citations) == 2 + len(BOARD.tasks)


async def test_the_api_page_leads_to_what_is_sent_and_answered(visit: Visit) -> None:
    async with visit("/docs/api#submitModel", scripts=False) as page:
        entry = page.locator("#submitModel")
        await expect(entry.locator("code[id=call-submitModel]")).to_contain_text(
            """/api/v1/submissions \\\n  --json '{"model": "namespace/name"}'"""
        )
        await expect(entry.get_by_role("row", name="model_type pretrained")).to_contain_text(
            "fine-tuned"
        )
        await entry.get_by_role("link", name="SubmissionReceipt").click()
        await expect(page.locator("#shape-SubmissionReceipt")).to_be_visible()

        await page.goto(f"{page.url.partition('#')[0]}#listEntries")
        await page.locator("#listEntries").get_by_role("link", name="BoardEntries").click()
        rows = page.locator("#shape-BoardEntries").get_by_role("link", name="BoardEntry")
        await rows.click()
        await expect(page.locator("#shape-BoardEntry")).to_contain_text("Equal averages share")


async def test_what_the_api_page_says_to_type_works(visit: Visit) -> None:
    async with visit("/docs/api") as page:
        command = await page.locator("#first-call").inner_text()
        program = await page.locator("#first-frame").inner_text()

    address = command.removeprefix("curl '").removesuffix("'")
    async with httpx.AsyncClient(timeout=30) as http:
        assert len((await http.get(address)).json()["items"]) == 10
    told: dict[str, Any] = {}
    await asyncio.to_thread(exec, program, told)
    assert len(told["rows"]) >= len(entries())
