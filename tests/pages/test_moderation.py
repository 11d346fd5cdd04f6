"""The moderators' pages: decisions are forms that need no JavaScript."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nats.aio.client import Client
from playwright.async_api import Browser, expect

from contracts.envelope import Envelope
from contracts.moderation import (
    DeadLetterReplayed,
    ModelFlagged,
    ModelRenamed,
    SubmitterBanned,
    SubmitterUnbanned,
)
from contracts.submission import SubmissionReceived, SubmissionRerunRequested
from contracts.topology import EVENTS, VALIDATOR
from contracts.views import Decision, Policy, RequestState, Ruling
from runtime.bus import bury, connect, publish_event
from tests.browser import accessibility_faults, watched_page
from tests.bus import next_event
from tests.pages.conftest import Visit
from tests.pages.world import World, running_world
from tests.unit.gateway.examples import NOON, a_board, a_request


@asynccontextmanager
async def on_the_bus(world: World) -> AsyncIterator[Client]:
    client = await connect(world.nats_url, name="test")
    yield client
    await client.close()


async def test_a_moderator_decides_after_a_question_and_with_a_reason(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        running_world(tmp_path, [a_board()]) as world,
        watched_page(browser, scripts=False) as page,
        on_the_bus(world) as client,
    ):
        await page.goto(f"{world.url}/moderation")
        await page.get_by_role("button", name="Flag", exact=True).click()
        dialog = page.get_by_role("dialog", name="Flag", exact=True)
        await dialog.get_by_label("Model").fill("acme/copy")
        await dialog.get_by_label("Reason").fill("The same weights as acme/first.")
        await dialog.get_by_label("Discussion").fill("https://hub.example/discussions/1")
        await dialog.get_by_role("button", name="Flag").click()
        await expect(page.locator("#done")).to_contain_text("Decided: Flag")
        flagged = (await next_event(client, ModelFlagged)).event

        await page.get_by_role("button", name="Rename").click()
        dialog = page.get_by_role("dialog", name="Rename")
        await dialog.get_by_label("Model").fill("acme/copy")
        await dialog.get_by_label("New name").fill("acme/other")
        await dialog.get_by_role("button", name="Rename").click()
        await expect(page.locator("#done")).to_contain_text("Decided: Rename")
        renamed = (await next_event(client, ModelRenamed)).event

        await page.get_by_role("button", name="Ban", exact=True).click()
        dialog = page.get_by_role("dialog", name="Ban", exact=True)
        await dialog.get_by_label("User").fill("eve")
        await dialog.get_by_label("Reason").fill("Ten names for one model.")
        await dialog.get_by_role("button", name="Keep it as it is").click()
        await expect(dialog).to_be_hidden()
        await page.get_by_role("button", name="Ban", exact=True).click()
        await dialog.get_by_role("button", name="Ban", exact=True).click()
        banned = (await next_event(client, SubmitterBanned)).event

    assert (flagged.repo_id, flagged.link) == ("acme/copy", "https://hub.example/discussions/1")
    assert (renamed.repo_id, renamed.new_repo_id) == ("acme/copy", "acme/other")
    assert (banned.user, banned.reason) == ("eve", "Ten names for one model.")


async def test_everybody_reads_the_log_and_what_holds(browser: Browser, tmp_path: Path) -> None:
    decisions = [
        Decision(sequence=n, at=NOON, what="flagged", about=f"acme/m{n}", reason="Why.", by="mona")
        for n in range(1, 61)
    ]
    policy = Policy(barred=(Ruling(name="acme/stolen", reason="Not theirs.", at=NOON),))
    closed = {"GATEWAY_OPEN": "false", "GATEWAY_MODERATORS": '["mona"]'}
    async with (
        running_world(tmp_path, [a_board(), policy, *decisions], **closed) as world,
        watched_page(browser, expected=(401,)) as page,
    ):
        await page.goto(world.url)
        await page.get_by_role("link", name="Decisions").click()
        await expect(page.get_by_role("heading", name="Decide")).to_have_count(0)
        await expect(page.locator("#holding section")).to_contain_text(
            ["60", "No model was removed", "acme/stolen", "Nobody", "There is none"]
        )
        await expect(page.locator(".decisions > li")).to_have_count(50)
        await page.get_by_role("link", name="Older").click()
        await expect(page.locator(".decisions > li")).to_have_count(10)
        await page.locator("#about").fill("acme/m7")
        await page.keyboard.press("Enter")
        await expect(page.locator(".decisions > li")).to_have_count(1)

        later = decisions[0].model_copy(update={"sequence": 99, "about": "acme/m7"})
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await world.show(later)
        await expect(page.locator(".decisions > li")).to_have_count(2)

        await page.goto(f"{world.url}/moderation/dead-letters")
        await expect(page.locator("main")).to_contain_text("needs a name")


async def test_what_holds_is_taken_back_where_it_stands(browser: Browser, tmp_path: Path) -> None:
    flagged = Decision(
        sequence=1, at=NOON, what="flagged", about="acme/copy", reason="The same.", by="mona"
    )
    policy = Policy(banned=(Ruling(name="eve", reason="Ten names.", at=NOON),))
    async with (
        running_world(tmp_path, [a_board(), flagged, policy]) as world,
        watched_page(browser) as page,
        on_the_bus(world) as client,
    ):
        await page.goto(f"{world.url}/moderation")
        await page.get_by_role("button", name="Unban eve").click()
        dialog = page.get_by_role("dialog", name="Unban eve")
        assert await accessibility_faults(page) == []
        await dialog.get_by_label("Reason").fill("She has explained herself.")
        await dialog.get_by_role("button", name="Unban").click()
        await expect(page.locator("#done")).to_contain_text("Decided: Unban")
        unbanned = (await next_event(client, SubmitterUnbanned)).event

        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await expect(page.locator("#holding-unflag")).to_contain_text("acme/copy")
        await world.show(flagged.model_copy(update={"sequence": 2, "what": "unflagged"}))
        await expect(page.locator("#holding-unflag")).to_contain_text("No model is flagged.")
        await page.reload()
        await page.get_by_label("Kind").select_option("unflagged")
        await page.get_by_role("search", name="Decisions").get_by_role("button").click()
        await expect(page.locator(".decisions > li")).to_have_count(1)

    assert (unbanned.user, unbanned.reason) == ("eve", "She has explained herself.")


async def test_a_moderator_finds_the_request_to_run_again(visit: Visit) -> None:
    async with visit("/moderation", scripts=False) as page:
        find = page.get_by_role("search", name="Requests")
        await find.get_by_label("Model, or id").fill("acme/broken")
        await find.get_by_role("button", name="Find").click()
        await page.get_by_role("link", name="acme/broken").click()
        await expect(page.get_by_role("button", name="Run again", exact=True)).to_be_visible()


async def test_a_dialog_is_accessible_and_closes_on_escape(visit: Visit) -> None:
    async with visit("/moderation") as page:
        button = page.get_by_role("button", name="Remove")
        await button.press("Enter")
        dialog = page.get_by_role("dialog", name="Remove")
        await expect(dialog).to_be_visible()
        assert await accessibility_faults(page) == []
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(button).to_be_focused()


async def test_a_dead_letter_is_shown_and_replayed(browser: Browser, tmp_path: Path) -> None:
    lost = a_request("acme/lost", RequestState.RECEIVED)
    event = SubmissionReceived(
        sid=lost.sid, board=lost.board, model=lost.model, model_type=lost.model_type
    )
    async with (
        running_world(tmp_path, [a_board(), lost]) as world,
        watched_page(browser, scripts=False) as page,
        on_the_bus(world) as client,
    ):
        await publish_event(world.js, event, Envelope.of(event, "test"))
        message = await world.js.get_last_msg(EVENTS.name, event.subject())
        await bury(world.js, VALIDATOR.name, message, "OSError: no space left on device")

        await page.goto(f"{world.url}/moderation/dead-letters")
        await expect(page.locator("#letter-1")).to_contain_text("no space left on device")
        await page.get_by_role("link", name="no space left on device").click()
        await expect(page.locator("#body")).to_contain_text("acme/lost")
        await page.get_by_role("button", name="Replay").click()
        await page.get_by_label("Reason").fill("The disk has room again.")
        await page.get_by_role("button", name="Have it done again").click()

        await expect(page.locator("#done")).to_contain_text("Dead letter 1")
        rerun = (await next_event(client, SubmissionRerunRequested)).event
        replayed = (await next_event(client, DeadLetterReplayed)).event

    assert (rerun.sid, rerun.run) == (lost.sid, 2)
    assert replayed.reason == "The disk has room again."
