import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from litestar.response import ServerSentEventMessage

from contracts.evaluation import EvaluationProgress
from contracts.models import Tier
from contracts.views import Request, RequestState
from services.gateway.queue.outlook import Outlook
from services.gateway.requests.events import messages
from services.gateway.state.store import Version, ViewStore
from tests.unit.gateway.examples import (
    a_board,
    a_request,
    a_store,
    a_validation,
    an_evaluator,
    put,
)

Messages = AsyncGenerator[ServerSentEventMessage, None]


def stream(store: ViewStore, request: Request, told: Version | None = None) -> Messages:
    return messages(request, store, Outlook(store), told)


async def heard(told: Messages) -> ServerSentEventMessage:
    """The next event; comments are left out."""
    async with asyncio.timeout(30):
        while True:
            message = await anext(told)
            if message.event:
                return message


def data(message: ServerSentEventMessage) -> dict[str, object]:
    assert isinstance(message.data, bytes | str)
    body: dict[str, object] = json.loads(message.data)
    return body


def progress_of(request: Request, done: int) -> EvaluationProgress:
    return EvaluationProgress(
        sid=request.sid,
        run=1,
        attempt=1,
        phase="scoring",
        task="facts",
        done=done,
        total=100,
        per_second=2,
        seconds_left=50 - done / 2,
    )


async def test_a_request_is_followed_from_the_queue_to_its_end() -> None:
    before, mine = a_request("acme/before"), a_request("acme/mine", minutes=1)
    store = a_store(a_board(), before, mine)
    async with aclosing(stream(store, mine)) as told:
        first = await heard(told)
        assert (first.event, first.id) == ("request", "e1-3")
        assert data(first)["state"] == "waiting"
        assert data(first)["queue"] == {
            "tier": "small",
            "lane": "normal",
            "place": 2,
            "waiting": 2,
            "evaluators": 0,
            "starts_at": None,
            "seconds": None,
            "unknown_because": "This gateway has just started and may not have heard of every"
            " evaluator yet.",
        }

        put(store, a_request("acme/before", RequestState.CANCELLED), 4)
        moved = await heard(told)
        assert (moved.event, moved.id) == ("queue", None)
        assert (data(moved)["place"], data(moved)["waiting"]) == (1, 1)

        store.put_presence(an_evaluator(tiers=(Tier.SMALL,)))
        served = await heard(told)
        assert (served.event, data(served)["evaluators"]) == ("queue", 1)

        put(store, a_request("acme/mine", RequestState.RUNNING, attempt=1, minutes=1), 5)
        started = await heard(told)
        assert (started.event, started.id) == ("request", "e1-5")
        assert data(started)["queue"] is None

        store.put_progress(progress_of(mine, 20))
        under_way = await heard(told)
        assert (under_way.event, under_way.id) == ("progress", None)
        assert data(under_way) == {
            "phase": "scoring",
            "task": "facts",
            "done": 20,
            "total": 100,
            "per_second": 2.0,
            "task_seconds_left": 40.0,
            "seconds_left": None,
            "unknown_because": "No estimate yet: it takes 3 finished evaluations on board demo,"
            " and there is none.",
        }

        put(store, a_request("acme/mine", RequestState.FINISHED, attempt=1, minutes=1), 6)
        finished, end = await heard(told), await heard(told)
        assert (finished.event, finished.id) == ("request", "e1-6")
        assert (end.event, data(end)) == ("end", {"state": "finished"})
        with pytest.raises(StopAsyncIteration):
            await anext(told)


async def test_the_rules_come_out_one_after_another_before_the_verdict() -> None:
    mine = a_request("acme/mine", RequestState.RECEIVED)
    store = a_store(a_board(), mine)
    async with aclosing(stream(store, mine)) as told:
        assert data(await heard(told))["validation"] is None

        for reading in ("the model card", "the header of the weights"):
            store.put_validation(a_validation(mine, reading))
            step = await heard(told)
            assert (step.event, step.id) == ("validation", None)
            assert data(step)["reading"] == reading

        store.listened(60)
        silent = await heard(told)
        assert (silent.event, silent.data) == ("validation", b"null")

        store.put_validation(a_validation(mine))
        assert (await heard(told)).event == "validation"
        put(store, a_request("acme/mine"), 3)
        verdict = await heard(told)
        assert (verdict.event, data(verdict)["validation"]) == ("request", None)


async def test_nothing_is_told_twice() -> None:
    mine = a_request("acme/mine", RequestState.RUNNING, attempt=1)
    store = a_store(a_board(), mine)
    async with aclosing(stream(store, mine)) as told:
        await heard(told)
        listening = asyncio.create_task(heard(told))

        put(store, a_request("acme/other"), 3)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not listening.done()

        store.put_progress(progress_of(mine, 20))
        assert (await listening).event == "progress"


async def test_it_resumes_after_what_was_told() -> None:
    mine = a_request("acme/mine")
    store = a_store(a_board(), mine)
    async with aclosing(stream(store, mine, Version("e1", 2))) as told:
        assert (await heard(told)).event == "queue"

    async with aclosing(stream(store, mine, Version("e0", 2))) as told:
        assert (await heard(told)).event == "request"


async def test_what_another_gateway_has_told_is_not_taken_back() -> None:
    mine = a_request("acme/mine", RequestState.RUNNING, attempt=1)
    store = a_store(a_board(), mine)
    async with aclosing(stream(store, mine, Version("e1", 3))) as told:
        listening = asyncio.create_task(heard(told))

        put(store, a_request("acme/mine", RequestState.FINISHED, attempt=1), 3)

        assert (await listening).event == "end"


async def test_a_request_that_is_not_in_views_yet_is_told_of() -> None:
    mine = a_request("acme/mine", RequestState.RECEIVED)
    store = a_store(a_board())
    async with aclosing(stream(store, mine)) as told:
        early = await heard(told)
        assert (early.event, early.id, data(early)["state"]) == ("request", None, "received")

        put(store, a_request("acme/mine"), 2)
        known = await heard(told)
        assert (known.id, data(known)["state"]) == ("e1-2", "waiting")


async def test_it_ends_when_the_gateway_does() -> None:
    mine = a_request("acme/mine")
    store = a_store(a_board(), mine)
    told = stream(store, mine)
    await heard(told)

    store.close()

    async with asyncio.timeout(30):
        assert [message async for message in told] == []
