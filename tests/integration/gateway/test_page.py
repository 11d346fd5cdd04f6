from pathlib import Path

import httpx
from nats.aio.client import Client
from nats.js import JetStreamContext
from playwright.async_api import expect

from contracts.evaluation import EvaluationProgress, FailureCause
from contracts.models import Reason
from contracts.views import Failure, RequestState
from services.gateway import formatting
from tests.browser import needs_chromium, open_page
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway
from tests.unit.gateway.examples import a_board, a_request, an_entry

pytestmark = needs_chromium


async def test_a_row_appears_and_moves_up_without_a_reload(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    await show(jetstream, an_entry("acme/steady", facts=40, grammar=40))
    async with open_page() as page:
        await page.goto(gateway.url)
        names = page.locator("table.board tbody .model-name")
        await expect(names).to_have_text(["acme/steady"])
        await page.evaluate("document.body.dataset.opened = 'once'")

        await show(jetstream, an_entry("acme/riser", facts=90, grammar=None))
        await expect(names).to_have_text(["acme/steady", "acme/riser"])
        await expect(page.get_by_text("1 of 2 tasks")).to_be_visible()

        await show(jetstream, an_entry("acme/riser", facts=90, grammar=80))
        await expect(names).to_have_text(["acme/riser", "acme/steady"])

        await expect(page.locator("#announcement")).to_have_text("acme/riser averages 85.00.")
        assert await page.evaluate("document.body.dataset.opened") == "once"


async def test_progress_moves_the_running_row_and_survives_a_refresh(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    running = a_request(state=RequestState.RUNNING, attempt=1)
    await show(jetstream, running)
    async with open_page() as page:
        await page.goto(f"{gateway.url}/queue")
        card = page.locator(f"#request-{running.sid}")
        await expect(card).to_contain_text("starting")
        await expect(page.locator("#connection")).to_have_text("Live")

        progress = EvaluationProgress(
            sid=running.sid, run=1, attempt=1, phase="scoring", task="facts", done=3, total=9
        )
        await client.publish(progress.subject(), progress.model_dump_json().encode())
        await expect(card.locator("[data-amount]")).to_have_text("3 of 9")
        await expect(card.locator("[aria-current=step]")).to_have_text("Facts")

        await show(jetstream, a_request("acme/next"))
        await expect(page.locator("#waiting .card")).to_have_count(1)
        await expect(card.locator("[data-amount]")).to_have_text("3 of 9")
        assert await card.locator("progress").evaluate("bar => bar.value") == 3

        at_a_rate = progress.model_copy(update={"done": 4, "per_second": 0.05, "seconds_left": 100})
        await client.publish(progress.subject(), at_a_rate.model_dump_json().encode())
        text = formatting.amount(at_a_rate)
        await expect(card.locator("[data-amount]")).to_have_text(text)
        await page.reload()
        await expect(card.locator("[data-amount]")).to_have_text(text)


async def test_what_the_reader_has_opened_stays_open_when_the_page_changes(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    reason = Reason(code="weights-not-finite", message="`NaN` weights.", advice="Mend them.")
    failure = Failure(cause=FailureCause.MODEL, reason=reason, log_tail="the <last> line")
    failed = a_request("acme/broken", RequestState.FAILED).model_copy(update={"failure": failure})
    await show(jetstream, failed)
    async with open_page() as page:
        await page.goto(f"{gateway.url}/queue")
        await page.get_by_text("End of the log").click()
        await expect(page.get_by_text("the <last> line")).to_be_visible()

        await show(jetstream, a_request("acme/newer", RequestState.FINISHED, minutes=5))

        await expect(page.locator("#ended > li")).to_have_count(2)
        await expect(page.get_by_text("the <last> line")).to_be_visible()


async def test_a_request_page_follows_its_request(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    await show(jetstream, a_request())
    async with open_page(390) as page:
        await page.goto(f"{gateway.url}/requests/{a_request().sid}")
        await expect(page.locator("h1 .state")).to_have_text("waiting")

        await show(jetstream, a_request(state=RequestState.RUNNING, attempt=1, scored=("facts",)))

        await expect(page.locator("h1 .state")).to_have_text("running")
        await expect(page.locator("#task-facts")).to_contain_text("50.00")


async def test_a_request_page_says_how_each_task_was_scored(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    finished = a_request(state=RequestState.FINISHED, scored=("facts", "grammar"))
    await show(jetstream, finished, an_entry())
    async with open_page(390) as page:
        await page.goto(f"{gateway.url}/requests/{finished.sid}")
        facts = page.locator("#provenance-facts")
        await facts.get_by_text("tree, bfloat16 on NVIDIA H200").click()

        await expect(facts).to_contain_text("1,250,000; lm-eval alone 9,870,000")
        await expect(facts).to_contain_text("12.3 Wh, 3.32 g")
        await expect(facts).to_contain_text("estimated")
        await expect(facts.get_by_role("link", name="acme/facts@dadadadadada")).to_be_visible()
        await expect(facts.locator("pre")).to_contain_text("lm_eval run")
        assert await page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


async def test_the_first_board_opens_a_page_that_waited_for_it(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    async with started_gateway(nats_url, hub, tmp_path) as gateway, open_page() as page:
        await gateway.until_ready()
        await page.goto(gateway.url)
        await expect(page.get_by_role("heading", name="No board yet")).to_be_visible()

        await show(jetstream, a_board())

        await expect(page.get_by_role("heading", name="The demo board")).to_be_visible()
        await expect(page.get_by_text("No model has a score here yet")).to_be_visible()


async def test_a_trial_says_that_it_is_one(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    await show(jetstream, a_board().model_copy(update={"limit": 20}))
    async with open_page() as page:
        await page.goto(gateway.url)

        await expect(page.locator(".trial")).to_contain_text("only the first 20 documents")

    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        [listed] = (await http.get("/api/v1/boards")).json()["items"]
    assert listed["limit"] == 20


async def test_the_page_is_complete_without_javascript(
    gateway: RunningGateway, jetstream: JetStreamContext, hub: str
) -> None:
    await show(jetstream, an_entry("acme/tiny", facts=40, grammar=60))
    await gateway.until("/", lambda page: "50.00" in page.text)
    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        page = (await http.get("/")).text

    assert f'href="{hub}/acme/tiny"' in page
    assert "40.00" in page
    assert "<noscript>" in page
