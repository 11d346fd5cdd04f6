"""The form to submit a model, with a real Hub and a real validator behind it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from playwright.async_api import Browser, Page, Request, Route, expect

from contracts.board import Limits
from contracts.check import RulesAsked
from contracts.models import Precision
from runtime.boards import write_boards
from runtime.bus import connect
from tests.browser import accessibility_faults, assert_still, watched_page
from tests.integration.validator.judging import BOARD
from tests.integration.validator.tiny_model import card, write_model
from tests.pages.world import World, running_world
from tests.waiting import until_answered

TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"
TALKS = json.dumps(
    {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "eos_token": "<unk>",
        "chat_template": TEMPLATE,
    }
)
OTHER = BOARD.model_copy(
    update={
        "name": "other",
        "title": "Other",
        "limits": Limits(max_parameters={Precision.FLOAT16: 10**9}),
    }
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("submit")
    async with running_world(folder, [BOARD, OTHER]) as world, a_validator(world, folder):
        models = world.hub_root / "models"
        write_model(models / "acme/talks", {"tokenizer_config.json": TALKS})
        write_model(models / "acme/unlicensed", {"README.md": card(license=None)})
        yield world


@asynccontextmanager
async def a_validator(world: World, folder: Path) -> AsyncIterator[None]:
    write_boards([BOARD, OTHER], folder / "boards")
    settings = {
        "NATS_URL": world.nats_url,
        "HF_ENDPOINT": world.hub_url,
        "PODIUM_BOARDS": str(folder / "boards"),
    }
    with (folder / "validator.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.validator"),
            env=os.environ | settings,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        await until_it_listens(world)
        yield
    finally:
        process.kill()
        await process.wait()


async def until_it_listens(world: World) -> None:
    client = await connect(world.nats_url, name="test")

    async def is_answered() -> bool:
        with suppress(NoRespondersError):
            return bool(await client.request(RulesAsked.SUBJECT, b"{}", timeout=0.05))
        return False

    with suppress(NatsTimeoutError):  # somebody listens, who can make nothing of it
        await until_answered(is_answered, 60)
    await client.close()


@asynccontextmanager
async def form(browser: Browser, world: World, **how: Any) -> AsyncIterator[Page]:
    async with watched_page(browser, **how) as page:
        await page.goto(f"{world.url}/submit")
        yield page


def is_look_up(request: Request) -> bool:
    return "/submit?" in request.url


@asynccontextmanager
async def held_look_ups(page: Page) -> AsyncIterator[asyncio.Event]:
    """Look-ups are answered once this is set."""
    answer_them = asyncio.Event()

    async def hold(route: Route) -> None:
        await answer_them.wait()
        await route.continue_()

    await page.route(lambda address: "/submit?" in address, hold)
    yield answer_them
    answer_them.set()
    await page.unroute_all(behavior="wait")


async def test_a_model_is_found_filled_in_and_submitted_with_the_keyboard_alone(
    browser: Browser, demo: World
) -> None:
    async with form(browser, demo) as page:
        await page.locator("#model").focus()
        await page.keyboard.type("talk")
        names = page.locator("#model-names option")
        await expect(names).to_have_attribute("value", "acme/talks")
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type("acme/talks")

        await expect(page.locator("#model-told")).to_contain_text("stored as float32")
        await expect(page.locator("#precision")).to_have_value("float32")
        await expect(page.locator("#model_type")).to_have_value("chat")
        await expect(page.locator("#chat_template")).to_have_value("yes")
        await expect(page.locator("#revisions option")).to_have_attribute("value", "main")
        await expect(page.locator("#model")).to_be_focused()
        assert await accessibility_faults(page) == []

        send = page.locator("#send")
        for _ in range(12):
            await page.keyboard.press("Tab")
            if await send.evaluate("one => one === document.activeElement"):
                break
        await page.keyboard.press("Enter")
        await expect(page.locator("#done")).to_contain_text("It is submitted")
        await expect(page.locator("h1")).to_contain_text("acme/talks")


async def test_the_rules_answer_beside_the_fields_before_anything_is_sent(
    browser: Browser, demo: World
) -> None:
    async with form(browser, demo) as page:
        await page.locator("#model").fill("acme/unlicensed")
        await page.locator("#precision").select_option("float16")
        await page.locator("#chat_template").select_option("yes")
        await page.locator("#check").click()

        await expect(page.locator("#verdict")).to_contain_text("It would be refused")
        beside = page.locator(".pair > div", has=page.locator("#chat_template"))
        await expect(beside).to_contain_text("chat-template-missing")
        await expect(page.locator("#fields > .rule").first).to_contain_text("license-missing")
        await expect(page.locator("#precision")).to_have_value("float16")
        assert "csrf" not in page.url
        rules = page.locator("#verdict-rules")
        await rules.locator("summary").click()
        await expect(rules.locator(".outcome-broken")).to_have_count(2)
        await expect(
            rules.locator(".outcome-kept", has_text="Precision is accepted")
        ).to_have_count(1)
        assert await accessibility_faults(page) == []

        await page.locator("#verdict").get_by_role("link", name="Chat template").click()
        await expect(page.locator("#chat_template")).to_be_in_viewport()

        await page.locator("#model").fill("acme/talks")
        await page.locator("#check").click()
        await expect(page.locator("#verdict")).to_contain_text("It would be accepted.")


async def test_a_check_that_is_pressed_during_the_look_up_gets_its_verdict(
    browser: Browser, demo: World
) -> None:
    async with form(browser, demo) as page, held_look_ups(page) as answer_them:
        async with page.expect_request(is_look_up):
            await page.locator("#model").fill("acme/talks")
        await page.locator("#check").click()
        await expect(page.locator(".judgement")).to_have_text("It would be accepted.")
        await expect(page.locator("#precision")).to_have_value("float32")
        await expect(page.locator("#chat_template")).to_have_value("yes")
        answer_them.set()

        await page.locator("#model").press("End")
        await page.keyboard.type("x")
        await expect(page.locator("#model-told")).to_contain_text("no public model acme/talksx")
        await expect(page.locator("#verdict")).to_have_count(0)


async def test_a_check_that_is_pressed_before_the_look_up_makes_it_needless(
    browser: Browser, demo: World
) -> None:
    async with form(browser, demo) as page:
        await page.clock.install()
        await page.locator("#model").fill("acme/talks")
        await page.locator("#model").press("Enter")
        await expect(page.locator(".judgement")).to_have_text("It would be accepted.")
        await page.clock.fast_forward(5000)
        await expect(page.locator(".judgement")).to_have_text("It would be accepted.")
        await expect(page.locator("#model_type")).to_have_value("chat")


async def test_what_is_chosen_during_the_look_up_stays(browser: Browser, demo: World) -> None:
    async with form(browser, demo) as page, held_look_ups(page) as answer_them:
        async with page.expect_request(is_look_up):
            await page.locator("#model").fill("acme/talks")
        await page.locator("#precision").select_option("float16")
        answer_them.set()
        await expect(page.locator("#model_type")).to_have_value("chat")
        await expect(page.locator("#precision")).to_have_value("float16")


@pytest.mark.parametrize("width", [1440, 390])
async def test_the_fields_stay_where_they_are_when_the_hub_answers(
    browser: Browser, demo: World, width: int
) -> None:
    async with form(browser, demo, width=width) as page:
        for typed, told in (
            ("acme", "Which one?"),
            ("acme/talks", "stored as float32"),
            ("acme/nowhere", "no public model"),
        ):
            async with held_look_ups(page) as answer_them:
                async with page.expect_request(is_look_up):
                    await page.locator("#model").fill(typed)
                # What moves within half a second of a key counts as that key's doing.
                await page.wait_for_function(
                    "from => performance.now() > from + 600",
                    arg=await page.evaluate("performance.now()"),
                )
                answer_them.set()
                await expect(page.locator("#model-told")).to_contain_text(told)

        await assert_still(page, 0.01)


async def test_a_verdict_is_about_what_was_sent(browser: Browser, demo: World) -> None:
    async with form(browser, demo) as page:
        await page.locator("#model").fill("acme/talks")
        await page.locator("#check").click()
        outdated = page.get_by_text("Something has changed since.")
        await expect(page.locator(".judgement")).to_have_text("It would be accepted.")
        await expect(outdated).to_be_hidden()
        await page.locator("#precision").select_option("float16")
        await expect(outdated).to_be_visible()
        await page.locator("#precision").select_option("float32")
        await expect(outdated).to_be_hidden()


async def test_the_fields_follow_the_chosen_board(browser: Browser, demo: World) -> None:
    async with form(browser, demo) as page:
        await page.locator("#model").fill("acme/talks")
        await expect(page.locator("#precision")).to_have_value("float32")
        await page.locator("#board").select_option("other")
        await expect(page.locator("#most h2")).to_have_text("Largest models of Other")
        await expect(page.locator("#precision option:checked")).to_contain_text("not on this board")
        await expect(page.locator("#submit-command")).to_contain_text("acme/talks --board other")
        await expect(page).to_have_url(
            f"{demo.url}/submit?board=other&model=acme%2Ftalks&revision=main"
        )


async def test_everything_works_without_javascript(browser: Browser, demo: World) -> None:
    async with form(browser, demo, scripts=False, expected=(404, 409)) as page:
        await page.locator("#model").fill("unlic")
        await page.get_by_role("button", name="Look it up").click()
        await page.get_by_role("link", name="acme/unlicensed").click()
        await expect(page.locator("#precision")).to_have_value("float32")
        await page.locator("#check").click()
        await expect(page.locator("#verdict")).to_contain_text("It would be refused")

        await page.goto(f"{demo.url}/submit")
        await page.locator("#model").fill("acme/unlicensed")
        await page.locator("#send").click()
        await expect(page.locator("#held-back")).to_contain_text("Not submitted yet.")
        await expect(page.locator("#precision")).to_have_value("float32")

        await page.locator("#model").fill("acme/nowhere")
        await page.locator("#send").click()
        await expect(page.locator("#model-told")).to_contain_text("no public model acme/nowhere")
        await page.locator("#model").fill("acme/unlicensed")
        await page.locator("#revision").fill("v9")
        await page.locator("#send").click()
        await expect(page.locator("#revision-hint")).to_contain_text("no revision 'v9'")
        await page.locator("#revision").fill("main")
        await page.locator("#send").click()
        await expect(page.locator("#done")).to_contain_text("It is submitted")
        request = page.url.partition("?")[0]

        await page.goto(f"{demo.url}/submit?model=acme/unlicensed")
        await page.locator("#send").click()
        await expect(page.locator("#refusal")).to_contain_text("has been submitted")
        await page.get_by_role("link", name="Follow the existing request").click()
        await expect(page).to_have_url(request)


async def test_markup_in_a_card_stays_text(browser: Browser, demo: World) -> None:
    markup = "<img src=x onerror=alert(1)>"
    path = demo.hub_root / "models/acme/hostile"
    write_model(path, {"README.md": card(license=markup, base_model=markup)})
    async with form(browser, demo) as page:
        await page.locator("#model").fill("acme/hostile")
        await page.locator("#check").click()
        await expect(page.locator("#verdict")).to_contain_text(markup)
        assert await page.locator("main img").count() == 0


async def test_an_adapter_names_what_it_changes(browser: Browser, demo: World) -> None:
    async with form(browser, demo, scripts=False, expected=(422,)) as page:
        await expect(page.locator("#base_model")).to_be_hidden()
        await page.locator("#weight_type").select_option("adapter")
        await expect(page.locator("#base_model")).to_be_visible()
        await page.locator("#model").fill("acme/talks")
        await page.locator("#send").click()

        await expect(page.locator("#base_model-hint")).to_contain_text("Name the model")


async def test_where_neither_hub_nor_validator_answers_that_is_said(
    browser: Browser, tmp_path: Path
) -> None:
    nobody = {"HF_ENDPOINT": "http://127.0.0.1:9", "GATEWAY_HUB_TIMEOUT_S": "1"}
    async with (
        running_world(tmp_path, [BOARD], **nobody) as world,
        form(browser, world) as page,
    ):
        await page.locator("#model").fill("acme/talks")
        await expect(page.locator("#model-told")).to_contain_text("does not answer right now")
        await page.locator("#check").click()
        await expect(page.locator("#verdict")).to_contain_text("No validator is there right now.")
        await expect(page.locator("#model")).to_have_value("acme/talks")


async def test_who_is_not_signed_in_is_told_so_and_led_back(
    browser: Browser, tmp_path: Path
) -> None:
    closed = {
        "GATEWAY_OPEN": "false",
        "GATEWAY_OAUTH_CLIENT_ID": "podium",
        "GATEWAY_SESSION_SECRET": "what encrypts the cookies of these tests",
    }
    async with running_world(tmp_path, [BOARD], **closed) as world:
        apps = {"podium": {"redirectUris": [f"{world.url}/sign-in/callback"]}}
        (world.hub_root / "_apps.json").write_text(json.dumps(apps))
        (world.hub_root / "_tokens.json").write_text(json.dumps({"hf_ada": {"name": "ada"}}))
        async with form(browser, world) as page:
            await expect(page.locator("#send")).to_have_count(0)
            await page.get_by_role("link", name="Sign in with the Hub").click()
            await page.get_by_label("Token").fill("hf_ada")
            await page.get_by_role("button", name="Sign in").click()

            await expect(page).to_have_url(f"{world.url}/submit")
            await expect(page.locator("#quota")).to_contain_text("5 of 5 submissions")
            await expect(page.locator("#send")).to_be_visible()
