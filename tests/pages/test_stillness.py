"""What happens elsewhere shows up on open pages and moves nothing that somebody may be reading."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from contracts.models import Tier
from contracts.rule_book import rule_book
from contracts.views import HistoryEntry, Policy, Request, RequestState
from runtime.bus import connect
from services.validator.facts import Card, Facts, Repository
from services.validator.rules import judged_so_far
from services.validator.rules.rule import Case
from services.validator.telling import telling
from tests.browser import accessibility_faults, assert_still
from tests.integration.gateway.gateways import take_away
from tests.pages.conftest import Visit
from tests.pages.world import BOARD, REQUESTS, World, entries
from tests.unit.gateway.examples import an_evaluator
from tests.unit.validator import examples

WAITING, RUNNING, FINISHED = (REQUESTS[name] for name in ("waiting", "running", "finished"))
BOTH_WIDTHS = pytest.mark.parametrize("width", [1440, 390])
MOST = 0.02


def after(minutes: float, what: str, request: Request, **changes: object) -> Request:
    at = request.received_at + timedelta(minutes=minutes)
    history = (*request.history, HistoryEntry(at=at, what=what))
    return request.model_copy(update={"history": history, "updated_at": at, **changes})


async def until_it_is_live(page: Page) -> None:
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")


@BOTH_WIDTHS
async def test_a_request_from_its_first_state_to_its_last(
    visit: Visit, world: World, width: int
) -> None:
    before, now = REQUESTS["received"], datetime.now(UTC)
    received = before.model_copy(
        update={"received_at": now, "history": (HistoryEntry(at=now, what="submission.received"),)}
    )
    waiting = after(
        0.1,
        "submission.accepted",
        received,
        state=RequestState.WAITING,
        tasks=WAITING.tasks,
        tier=Tier.SMALL,
        rules=WAITING.rules,
    )
    running = after(
        1, "evaluation.started", waiting, state=RequestState.RUNNING, attempt=1, evaluator="gpu-1"
    )
    scored = after(2, "evaluation.task_scored", running, tasks=RUNNING.tasks)
    finished = after(
        9, "evaluation.finished", scored, state=RequestState.FINISHED, tasks=FINISHED.tasks
    )
    entry = entries()[0].model_copy(
        update={"sid": received.sid, "model": received.model, "repo_id": received.model.repo_id}
    )
    evaluator = an_evaluator("gpu-1", every_s=600)
    client = await connect(world.nats_url, name="test")
    await client.publish(evaluator.subject(), evaluator.model_dump_json().encode())
    await world.show(received)
    async with visit(f"/requests/{received.sid}", width=width) as page:
        await until_it_is_live(page)
        await world.show(waiting)
        await expect(page.locator("#request-place")).to_contain_text("of 2")
        await expect(page.locator("#request-rules")).to_have_attribute("open", "")
        await world.show(running)
        await expect(page.locator("#request-running")).to_be_visible()
        await world.show(scored)
        await expect(page.locator("#request-running .chip-done")).to_have_count(3)
        await world.show(entry, finished)
        await expect(page.locator("#request-result")).to_be_visible()
        await expect(page.locator("#request-rules .outcome-kept").first).to_be_visible()

        await assert_still(page, MOST)
    await take_away(world.js, entry)
    await world.show(before)
    gone = evaluator.model_copy(update={"stopped": True})
    await client.publish(gone.subject(), gone.model_dump_json().encode())
    await client.close()


@BOTH_WIDTHS
async def test_rules_that_come_out_one_after_another(
    visit: Visit, world: World, width: int
) -> None:
    unlicensed = replace(examples.REPOSITORY, card=Card(characters=200))
    read = replace(examples.GOOD, submitted=unlicensed)
    unweighed = unlicensed.yet_to_read("weights", "weights_fault", "config", "config_fault")
    so_far = (
        Facts.begun(base=None, submitted=Repository.begun()),
        read.knowing(submitted=unweighed).yet_to_read("tokenizer", "tokenizer_fault"),
        read,
    )
    received = REQUESTS["received"].model_copy(update={"sid": f"{width:020x}"})
    rules_in_all = len(rule_book())
    await world.show(received)
    client = await connect(world.nats_url, name="test")
    async with (
        visit(f"/requests/{received.sid}", width=width) as page,
        telling(client, received.sid, received.run) as tell,
    ):
        await until_it_is_live(page)
        rules = page.locator("#request-rules")
        await expect(rules.locator("summary")).to_contain_text(f"0 of {rules_in_all} settled")
        for place, facts in enumerate(so_far):
            case = Case(facts, examples.submission(), examples.BOARD, Policy())
            judgement = judged_so_far(case)
            tell(judgement, f"step {place}")
            settled = f"{rules_in_all - len(judgement.waiting)} of {rules_in_all} settled"
            await expect(rules.locator("summary")).to_contain_text(settled)
            await expect(page.locator("#request-checked")).to_contain_text(f"Reads step {place}")
        await expect(rules.locator(".outcome-waiting")).to_have_count(0)
        await expect(page.locator("#request-said")).to_have_text("Broken so far: License is named.")
        size = rules.locator(".outcome-kept", has_text="Parameters are within the limit")
        await expect(size).to_contain_text("7,000,000,000 parameters; at most 7,000,000,000")
        assert await accessibility_faults(page) == []

        await assert_still(page, MOST)
    await client.close()
    await take_away(world.js, received)


@BOTH_WIDTHS
async def test_a_queue_that_somebody_leaves(visit: Visit, world: World, width: int) -> None:
    async with visit("/queue", width=width) as page:
        await until_it_is_live(page)
        await world.show(
            RUNNING.model_copy(update={"tasks": FINISHED.tasks[:4] + RUNNING.tasks[4:]})
        )
        await expect(page.locator("#running .chip-done")).to_have_count(4)
        await world.show(after(3, "submission.cancelled", WAITING, state=RequestState.CANCELLED))
        await expect(page.locator("#ended")).to_contain_text(WAITING.model.repo_id)

        await assert_still(page, MOST)
    await world.show(RUNNING, WAITING)


@BOTH_WIDTHS
async def test_a_board_that_a_row_joins(visit: Visit, world: World, width: int) -> None:
    last = min(entries(), key=lambda entry: entry.average or 0)
    joining = last.model_copy(update={"sid": "f" * 20})
    async with visit(f"/boards/{BOARD.name}", width=width) as page:
        await until_it_is_live(page)
        before = await page.locator("#tally b").inner_text()
        await world.show(joining)
        await expect(page.locator("#tally b")).not_to_have_text(before)

        await assert_still(page, MOST)
    await take_away(world.js, joining)
