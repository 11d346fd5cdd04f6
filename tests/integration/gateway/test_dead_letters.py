"""Dead letters over HTTP and by command: seen by moderators, and replayed by them."""

import asyncio
import os
import sys
from typing import Any

import httpx
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.evaluation import EvaluationFailed
from contracts.models import Lane, Tier
from contracts.moderation import DeadLetterReplayed
from contracts.submission import SubmissionRerunRequested
from contracts.topology import DEAD_LETTERS, EVALUATORS, EVENTS, JOBS, VALIDATOR
from contracts.views import Request, RequestState
from runtime.bus import bury
from services.gateway.http.errors import ErrorCode
from tests.bus import all_events, next_event, next_view
from tests.integration.aggregator.aggregating import aggregating, publish, until_equal
from tests.integration.gateway.gateways import RunningGateway
from tests.unit.aggregator.story import accepted, received, sid_of
from tests.unit.gateway.error_shape import assert_error

EVALUATOR = EVALUATORS[Tier.SMALL, Lane.NORMAL]
WHY = "The disk has room again."
LETTERS = "/api/v1/dead-letters"


async def ask(
    gateway: RunningGateway, path: str, token: str | None = "hf_mod", **body: str
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30) as http:
        return await (http.post(path, json=body) if body else http.get(path))


async def lose_a_job(js: JetStreamContext) -> None:
    """As an evaluator does with what it cannot read: the letter, then the server's advisory."""
    await publish(js, received(), accepted())
    subscription = await js.pull_subscribe_bind(EVALUATOR.name, JOBS.name)
    (job,) = await subscription.fetch(1, timeout=20)
    await bury(js, EVALUATOR.name, job, "OSError: no space left on device")
    await job.term()
    await subscription.unsubscribe()
    await until_equal(lambda: _letters(js), 2)


async def _letters(js: JetStreamContext) -> int:
    return (await js.stream_info(DEAD_LETTERS.name)).state.messages


async def run_podium(gateway: RunningGateway, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "dead-letters", *arguments),
        env=os.environ
        | {"PODIUM_GATEWAY": gateway.url, "PODIUM_TOKEN": "hf_mod", "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def test_a_lost_job_is_listed_shown_and_replayed_as_another_run(
    nats_url: str, closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url):
        await lose_a_job(jetstream)
        await next_view(client, Request, lambda view: view.state is RequestState.FAILED)
        await closed.until(
            f"/api/v1/requests/{sid_of()}", lambda it: it.json().get("state") == "failed"
        )
        advisory, letter = (await ask(closed, LETTERS)).json()["items"]

        assert (advisory["kind"], advisory["can_replay"]) == ("advisory", False)
        assert (letter["kind"], letter["consumer"]) == ("buried", EVALUATOR.name)
        assert letter["reason"] == "OSError: no space left on device"
        assert letter["subject"] == f"podium.v1.job.small.normal.{sid_of()}"
        assert (letter["request_id"], letter["run"]) == (sid_of(), 1)
        assert (letter["can_replay"], letter["replayed"]) == (True, None)

        answer = await ask(closed, f"{LETTERS}/{letter['sequence']}/replay", reason=WHY)
        again = await ask(closed, f"{LETTERS}/{letter['sequence']}/replay", reason=WHY)

        assert answer.status_code == 202
        assert (answer.json()["request_id"], answer.json()["run"]) == (sid_of(), 2)
        assert_error(again, 409, ErrorCode.WRONG_STATE)
        rerun = (await next_event(client, SubmissionRerunRequested)).event
        assert (rerun.run, rerun.by) == (2, "mona")
        view = await next_view(client, Request, lambda it: it.run == 2)
        assert view.state is RequestState.RECEIVED
        await closed.until("/api/v1/moderation", lambda it: len(it.json()["items"]) == 1)

    decision = (await ask(closed, "/api/v1/moderation", None)).json()["items"][0]
    shown = (await ask(closed, f"{LETTERS}/{letter['sequence']}")).json()
    assert (decision["what"], decision["about"]) == ("dead_letter_replayed", sid_of())
    assert (decision["by"], decision["reason"]) == ("mona", WHY)
    assert shown["replayed"]["reason"] == WHY
    assert "Run 2" in shown["obstacle"]
    assert shown["decoded"]["license"] == "mit"
    assert shown["headers"]["ce-type"] == "podium.v1.submission.accepted"
    replays = [e for e in await all_events(client) if isinstance(e, DeadLetterReplayed)]
    assert len(replays) == 1


async def test_letters_are_for_moderators(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    await lose_a_job(jetstream)
    before = await all_events(client)

    for path, body in (
        (LETTERS, {}),
        (f"{LETTERS}/1", {}),
        (f"{LETTERS}/1/replay", {"reason": WHY}),
    ):
        nameless = await ask(closed, path, None, **body)
        another = await ask(closed, path, "hf_ada", **body)
        assert_error(nameless, 401, ErrorCode.SIGN_IN_REQUIRED)
        assert_error(another, 403, ErrorCode.FORBIDDEN)

    assert await all_events(client) == before


async def test_pages_go_back_to_the_oldest_letter_over_gaps(
    closed: RunningGateway, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received())
    message = await jetstream.get_last_msg(EVENTS.name, received().subject())
    for number in range(1, 8):
        await bury(jetstream, VALIDATOR.name, message, f"fault {number}")
    await jetstream.delete_msg(DEAD_LETTERS.name, 5)

    pages: list[list[int]] = []
    path: str | None = f"{LETTERS}?limit=3"
    while path:
        page: dict[str, Any] = (await ask(closed, path)).json()
        pages.append([letter["sequence"] for letter in page["items"]])
        path = page["next"]

    assert pages == [[7, 6, 4], [3, 2, 1]]


async def test_what_is_not_there_and_what_cannot_be_read_is_said_to_be_so(
    closed: RunningGateway, jetstream: JetStreamContext
) -> None:
    subject = f"podium.v1.submission.received.{sid_of()}"
    await jetstream.publish(subject, b"\xff from the future", stream=EVENTS.name)
    message = await jetstream.get_last_msg(EVENTS.name, subject)
    await bury(jetstream, VALIDATOR.name, message, "unknown type")

    missing = [await ask(closed, f"{LETTERS}/{sequence}") for sequence in (99, 0, -1)]
    shown = (await ask(closed, f"{LETTERS}/1")).json()
    refused = await ask(closed, f"{LETTERS}/1/replay", reason=WHY)
    unreasoned = await ask(closed, f"{LETTERS}/1/replay", reason="")

    for answer in missing:
        assert_error(answer, 404, ErrorCode.DEAD_LETTER_UNKNOWN)
    assert (shown["request_id"], shown["run"], shown["event"]) == (sid_of(), None, None)
    assert (shown["body"], shown["decoded"]) == ("� from the future", None)
    assert_error(refused, 409, ErrorCode.WRONG_STATE)
    assert_error(unreasoned, 422, ErrorCode.INVALID_REQUEST)


async def test_a_moderator_lists_shows_and_replays_from_the_terminal(
    nats_url: str, closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    assert await run_podium(closed, "list") == (0, "There are none.\n")
    async with aggregating(nats_url):
        await lose_a_job(jetstream)
        await next_event(client, EvaluationFailed)
        await closed.until(
            f"/api/v1/requests/{sid_of()}", lambda it: it.json().get("state") == "failed"
        )

    _, newest = await run_podium(closed, "list", "--limit", "1")
    _, listed = await run_podium(closed, "list")
    _, shown = await run_podium(closed, "show", "1")
    status, printed = await run_podium(closed, "replay", "1", "--reason", WHY)

    assert "podium dead-letters list --before 2" in newest
    assert f"{sid_of()} run 1" in listed
    assert "possible" in listed
    assert "no space left on device" in shown
    assert '"architecture": "LlamaForCausalLM"' in shown
    assert status == 0
    assert "Run 2 was asked for." in printed
    assert (await next_event(client, DeadLetterReplayed)).event.by == "mona"
