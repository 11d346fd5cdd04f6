"""Signing in, and acting on a request, with a browser: by forms that need no JavaScript."""

from nats.aio.client import Client
from nats.js import JetStreamContext
from playwright.async_api import Page, expect

from contracts.submission import (
    SubmissionCancelled,
    SubmissionPromoted,
    SubmissionRerunRequested,
)
from contracts.views import Request, RequestState
from contracts.vote import VoteCast
from tests.browser import needs_chromium, open_page
from tests.bus import all_events, next_event
from tests.integration.gateway.gateways import RunningGateway, show
from tests.unit.gateway.examples import a_request

pytestmark = needs_chromium


async def visit(page: Page, gateway: RunningGateway, request: Request) -> None:
    """The request's page, once the gateway knows the request as it is given here."""
    await gateway.until(
        f"/api/v1/requests/{request.sid}",
        lambda answer: answer.json().get("state") == request.state,
    )
    await page.goto(f"{gateway.url}/requests/{request.sid}")


async def sign_in(page: Page, token: str) -> None:
    """From any page, by the Hub's own."""
    await page.locator("#account").get_by_role("link", name="Sign in").click()
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#account .who")).to_be_visible()


async def test_a_submitter_signs_in_and_cancels_with_a_reason(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request().model_copy(update={"submitter": "ada"})
    await show(jetstream, request)
    async with open_page(scripts=False) as page:
        await visit(page, closed, request)
        await expect(page.locator("#act-cancel")).to_have_count(0)
        await sign_in(page, "hf_ada")

        assert page.url == f"{closed.url}/requests/{request.sid}"
        await expect(page.locator("#account .who")).to_have_text("ada")
        await expect(page.locator("#act-promote")).to_have_count(0)
        await page.get_by_role("button", name="Cancel", exact=True).click()
        await page.get_by_label("Reason").fill("A better one follows.")
        await page.get_by_role("button", name="Cancel the submission").click()

        await expect(page.locator("#done")).to_contain_text("It is being cancelled")

    event = (await next_event(client, SubmissionCancelled)).event
    assert (event.sid, event.by, event.note) == (request.sid, "ada", "A better one follows.")


async def test_a_visitor_signs_in_votes_once_and_signs_out(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request().model_copy(update={"submitter": "ada", "votes": 3})
    await show(jetstream, request)
    async with open_page(scripts=False) as page:
        await visit(page, closed, request)
        await page.locator("#sign-in-to-vote").click()
        await page.get_by_label("Token").fill("hf_grace")
        await page.get_by_role("button", name="Sign in").click()

        await expect(page.locator("#act-cancel")).to_have_count(0)
        vote = page.get_by_role("button", name="Vote for it 3 of 10")
        await vote.click()
        await expect(page.locator("#done")).to_contain_text("Your vote counts.")

        await page.get_by_role("button", name="Sign out").click()
        await expect(page.locator("#account").get_by_role("link", name="Sign in")).to_be_visible()

    votes = [event for event in await all_events(client) if isinstance(event, VoteCast)]
    assert [vote_.voter for vote_ in votes] == ["grace"]


async def test_a_moderator_promotes_and_has_things_run_again(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    waiting = a_request("acme/waiting").model_copy(update={"submitter": "ada"})
    finished = a_request("acme/finished", RequestState.FINISHED)
    await show(jetstream, waiting, finished)
    async with open_page(scripts=False) as page:
        await visit(page, closed, waiting)
        await sign_in(page, "hf_mod")
        await expect(page.locator("#account .who")).to_have_text("mona moderator")
        await page.get_by_role("button", name="Promote", exact=True).click()
        await page.get_by_role("button", name="Move it to the high lane").click()
        await expect(page.locator("#done")).to_contain_text("high lane")

        await visit(page, closed, finished)
        await expect(page.locator("#act-cancel")).to_have_count(0)
        await page.get_by_role("button", name="Run again", exact=True).click()
        await page.get_by_role("button", name="Run it again").click()
        await expect(page.locator("#done")).to_contain_text("once more")

    assert (await next_event(client, SubmissionPromoted)).event.by == "mona"
    assert (await next_event(client, SubmissionRerunRequested)).event.run == 2


async def test_on_an_open_gateway_a_page_acts_without_a_name(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request()
    await show(jetstream, request)
    async with open_page(scripts=False) as page:
        await visit(page, gateway, request)
        await expect(page.locator("#account")).to_have_text("Open to all")
        await expect(page.locator("#act-vote")).to_have_count(0)
        await page.get_by_role("button", name="Cancel", exact=True).click()
        await page.get_by_role("button", name="Cancel the submission").click()
        await expect(page.locator("#done")).to_be_visible()

    assert (await next_event(client, SubmissionCancelled)).event.by is None


async def test_what_somebody_writes_survives_news_about_the_request(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    request = a_request()
    await show(jetstream, request)
    async with open_page() as page:
        await visit(page, gateway, request)
        await expect(page.locator("#connection")).to_have_text("Live")
        await page.get_by_role("button", name="Cancel", exact=True).click()
        reason = page.locator("#act-cancel").get_by_label("Reason")
        await reason.fill("A better one")

        await show(jetstream, a_request(state=RequestState.RUNNING, attempt=1))

        await expect(page.locator("h1 .state")).to_have_text("running")
        await expect(reason).to_have_value("A better one")
        await expect(page.get_by_role("button", name="Cancel the submission")).to_be_visible()
