"""A request's page: how it stands first, then why, and what there is to do."""

from pathlib import Path

from playwright.async_api import Browser, expect

from runtime.bus import connect
from services.validator.rules import Judgement
from services.validator.telling import telling
from tests.browser import accessibility_faults, watched_page
from tests.integration.gateway.gateways import take_away
from tests.pages.conftest import Visit
from tests.pages.world import REQUESTS, World, running_world
from tests.unit.gateway.examples import a_board, a_request, a_validation


def path(name: str) -> str:
    return f"/requests/{REQUESTS[name].sid}"


async def test_the_situation_stands_first_and_the_log_is_copied(visit: Visit) -> None:
    async with visit(path("failed")) as page:
        first = page.locator("#request-main > *").first
        await expect(first).to_contain_text("holds NaN")
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.get_by_role("button", name="Copy the log").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert "12 values are NaN" in await page.evaluate("navigator.clipboard.readText()")


async def test_a_refusal_names_every_rule_and_leads_to_a_check(visit: Visit) -> None:
    async with visit(path("rejected")) as page:
        await expect(page.locator("#request-reasons h2")).to_contain_text("1 rule broken")
        await expect(page.locator("#request-reasons")).to_contain_text("license-missing")
        await page.get_by_role("link", name="Check a new commit").click()
        await expect(page.locator("#model")).to_have_value("acme/unlicensed")


async def test_the_rules_are_listed_with_what_they_found_and_lead_to_what_they_mean(
    visit: Visit,
) -> None:
    async with visit(path("rejected"), width=390) as page:
        rules = page.locator("#request-rules")
        await expect(rules.locator("summary")).to_contain_text("1 broken")
        await rules.locator("summary").click()
        await expect(rules.locator(".outcome-broken")).to_contain_text("broken License is named")
        await expect(rules.locator(".outcome-undecided")).to_contain_text("Tokenizer fits")
        size = rules.locator(".outcome-kept", has_text="Parameters are within the limit")
        await expect(size).to_contain_text("1,312,000 parameters; at most 100,000,000,000")
        await expect(rules.locator(".outcome-not-applicable").first).to_contain_text("n/a")
        assert await accessibility_faults(page) == []

        await rules.get_by_role("link", name="License is named").click()
        await expect(page.locator("#license-missing:target h3")).to_contain_text("License is named")


async def test_the_rules_open_without_javascript(visit: Visit) -> None:
    async with visit(path("finished"), scripts=False) as page:
        rules = page.locator("#request-rules")
        await expect(rules.locator("summary")).to_contain_text("keeps every rule")
        await expect(rules.locator(".outcome-warning")).to_be_hidden()
        await rules.locator("summary").click()
        await expect(rules.locator(".outcome-warning")).to_contain_text("converted to bfloat16")


async def test_the_rules_so_far_are_there_without_javascript(visit: Visit, world: World) -> None:
    received = REQUESTS["received"].model_copy(update={"sid": "61" * 10})
    told = a_validation(received, "the headers of 61 files of weights")
    so_far = Judgement(told.reasons, told.warnings, told.rules, told.waiting)
    await world.show(received)
    client = await connect(world.nats_url, name="test")
    async with telling(client, told.sid, told.run) as tell:
        tell(so_far, told.reading)
        await world.gateway.until(
            f"/api/v1/requests/{told.sid}", lambda it: told.reading in it.text
        )
        async with visit(f"/requests/{received.sid}", scripts=False) as page:
            await expect(page.locator("#request-checked")).to_contain_text(told.reading)
            rules = page.locator("#request-rules")
            licensed = rules.locator(".outcome-kept", has_text="License is named")
            await expect(licensed).to_contain_text("apache-2.0")
            await expect(rules.locator(".outcome-waiting").first).to_contain_text("safetensors")
    await client.close()
    await take_away(world.js, received)


async def test_a_verdict_from_before_rules_were_told_is_shown_as_it_was(visit: Visit) -> None:
    async with visit(path("failed")) as page:
        await expect(page.locator("#request-passed")).to_contain_text("keeps every rule")
        await expect(page.locator("#request-rules")).to_have_count(0)


async def test_what_waits_has_a_place_and_is_cancelled_after_a_question(
    browser: Browser, tmp_path: Path
) -> None:
    mine = a_request("acme/mine", minutes=3)
    views = [a_board(), a_request("acme/before"), mine]
    async with running_world(tmp_path, views) as world, watched_page(browser) as page:
        await page.goto(f"{world.url}/requests/{mine.sid}")
        await expect(page.locator("#request-place")).to_contain_text("2 of 2")
        await page.get_by_role("button", name="Cancel", exact=True).click()
        dialog = page.get_by_role("dialog", name="Cancel")
        await expect(dialog).to_be_visible()
        assert await accessibility_faults(page) == []
        await page.get_by_role("button", name="Keep it as it is").click()
        await expect(dialog).to_be_hidden()
