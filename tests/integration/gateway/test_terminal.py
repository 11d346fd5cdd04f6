"""`podium` in front of a gateway: the queue, the evaluators, and one submission until its end."""

import asyncio
import json
from pathlib import Path

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.evaluation import FailureCause
from contracts.models import Reason
from contracts.views import Failure, HistoryEntry, Request, RequestState
from runtime.ports import free_port
from tests.command import podium, started
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway
from tests.unit.gateway.examples import NOON, a_request, an_entry, an_evaluator


def running(repo_id: str = "acme/now") -> Request:
    return a_request(repo_id, RequestState.RUNNING, attempt=1)


def ended(state: RequestState, failure: Failure | None = None) -> Request:
    request = a_request("acme/mine", state, attempt=1)
    last = HistoryEntry(at=NOON, what=f"evaluation.{state}")
    return request.model_copy(update={"history": (*request.history, last), "failure": failure})


async def printed(process: asyncio.subprocess.Process, what: str) -> str:
    """The next line that has `what` in it."""
    assert process.stdout
    async with asyncio.timeout(30):
        async for line in process.stdout:
            if what in line.decode():
                return line.decode()
    raise AssertionError(f"it ended without printing {what!r}")


async def test_the_queue_and_its_workers(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    status, output = await podium("workers", "--gateway", gateway.url)
    assert status == 0
    assert "python -m services.evaluator" in output or "has just started" in output
    status, output = await podium("queue", "--gateway", gateway.url)
    assert (status, output.split()[0]) == (0, "Nothing")

    await show(jetstream, running(), a_request("acme/first"), a_request("acme/second", minutes=1))
    presence = an_evaluator(at=(running(), None)).model_copy(update={"every_s": 3600})
    await client.publish(presence.subject(), presence.model_dump_json().encode())
    await gateway.until("/api/v1/queue", lambda answer: answer.json()["waiting_total"] == 2)
    await gateway.until("/api/v1/evaluators", lambda answer: bool(answer.json()["items"]))

    status, output = await podium("workers", "--gateway", gateway.url)
    assert status == 0, output
    assert ["gpu-1", "takes", "jobs", "small", "1"] in [
        line.split()[:5] for line in output.splitlines()
    ]
    assert "acme/now, preparing" in output
    assert "takes jobs" in output
    status, output = await podium("queue", "--gateway", gateway.url, "--limit", "1")
    assert status == 0, output
    lines = [line.split() for line in output.splitlines()]
    assert ["small", "2", "0", "1", "1", "2"] in [line[:6] for line in lines]
    assert ["1", "acme/first", "small", "normal", "demo"] in [line[:5] for line in lines]
    assert "1 more" in output
    status, output = await podium("queue", "--gateway", gateway.url, "--json")
    assert [each["model"] for each in json.loads(output)["waiting"]] == [
        "acme/first",
        "acme/second",
    ]


async def test_a_submission_is_watched_until_it_is_finished(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    await show(jetstream, a_request("acme/mine"))
    sid = a_request("acme/mine").sid
    await gateway.until(f"/api/v1/requests/{sid}", lambda answer: answer.is_success)
    process = await started("status", sid, "--watch", "--gateway", gateway.url)
    assert "Submitted." in await printed(process, "Submitted")
    assert "Place 1 of 1 in tier small" in await printed(process, "Place")

    await show(jetstream, ended(RequestState.FINISHED))

    assert "every task has its score" in await printed(process, "Finished")
    assert "finished" in await printed(process, "acme/mine")
    assert await process.wait() == 0


async def test_watching_goes_on_after_a_restart_of_the_gateway(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    address = {"GATEWAY_PORT": str(free_port())}
    url = f"http://127.0.0.1:{address['GATEWAY_PORT']}"
    mine = a_request("acme/mine")
    await show(jetstream, mine)
    async with started_gateway(nats_url, hub, tmp_path, **address) as gateway:
        gateway.url = url
        await gateway.until(f"/api/v1/requests/{mine.sid}", lambda answer: answer.is_success)
        process = await started("status", mine.sid, "--watch", "--gateway", url)
        await printed(process, "Submitted")
        await gateway.end()
    await show(jetstream, ended(RequestState.FINISHED))

    async with started_gateway(nats_url, hub, tmp_path, **address):
        async with asyncio.timeout(60):
            rest, _ = await process.communicate()

    assert process.returncode == 0
    assert "every task has its score" in rest.decode()
    assert "Submitted" not in rest.decode()


async def test_one_that_fails_says_why_and_exits_with_1(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    reason = Reason(code="scores-not-finite", message="It gave NaN.", advice="Check the model.")
    failure = Failure(cause=FailureCause.MODEL, reason=reason, log_tail="")
    failed = ended(RequestState.FAILED, failure)
    await show(jetstream, failed)
    await gateway.until(f"/api/v1/requests/{failed.sid}", lambda answer: answer.is_success)

    status, output = await podium("status", failed.sid, "--watch", "--gateway", gateway.url)

    assert status == 1, output
    assert "scores-not-finite" in output
    status, output = await podium(
        "status", failed.sid, "--watch", "--json", "--gateway", gateway.url
    )
    assert status == 1, output
    events = [json.loads(line) for line in output.splitlines()]
    assert [event["event"] for event in events] == ["request", "end"]


async def test_submissions_are_listed_with_their_ids(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    older, newer = a_request("acme/older"), a_request("acme/newer", minutes=1)
    await show(jetstream, older, newer, ended(RequestState.FAILED))
    await gateway.until("/api/v1/requests", lambda answer: len(answer.json()["items"]) == 3)
    waiting = ("status", "--state", "waiting", "--gateway", gateway.url)

    status, output = await podium(*waiting, "--limit", "1")
    assert status == 0, output
    assert [line.split()[:2] for line in output.splitlines()[1:2]] == [[newer.sid, "acme/newer"]]
    assert "older ones" in output
    status, output = await podium(*waiting, "--json")
    assert [each["id"] for each in json.loads(output)["items"]] == [newer.sid, older.sid]


async def test_a_board_is_searched_and_cut(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    entries = [an_entry(f"acme/{name}", facts=facts) for name, facts in (("a", 10), ("b", 90))]
    await show(jetstream, *entries, an_entry("else/c"))
    await gateway.until("/api/v1/boards/demo/entries", lambda answer: answer.json()["total"] == 3)
    where = ("--gateway", gateway.url)

    status, output = await podium("board", "--search", "acme", "--sort=-facts", "--json", *where)
    assert status == 0, output
    assert [each["model"] for each in json.loads(output)["items"]] == ["acme/b", "acme/a"]
    status, output = await podium("board", "--limit", "1", *where)
    assert "2 more" in output
    status, output = await podium("board", "--search", "@facst:>1", *where)
    assert (status, "facst" in output) == (1, True)


async def test_watching_needs_to_know_what(gateway: RunningGateway) -> None:
    status, output = await podium("status", "--watch", "--gateway", gateway.url)
    assert (status, "needs the id" in output) == (2, True)

    status, output = await podium("status", "5f" * 10, "--watch", "--gateway", gateway.url)
    assert (status, "There is no request" in output) == (1, True)
