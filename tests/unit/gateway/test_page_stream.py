import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from litestar.response import ServerSentEventMessage

from contracts.base import View
from contracts.evaluation import EvaluationProgress
from contracts.registry import VIEW_TYPES
from contracts.views import RequestState
from services.gateway.pages.stream import TOPICS, Topic, messages
from services.gateway.state.store import Version, ViewStore
from tests.unit.gateway.examples import a_board, a_request, a_validation, an_entry


def a_store(*views: View) -> ViewStore:
    store = ViewStore()
    store.begin("e1")
    put(store, *views)
    return store


def put(store: ViewStore, *views: View) -> None:
    for sequence, view in enumerate(views, start=store.version.sequence + 1):
        store.put(view.subject(), view.model_dump_json().encode(), sequence)


async def following(
    store: ViewStore, board: str | None = None
) -> AsyncIterator[ServerSentEventMessage]:
    """From now on, with the pause between messages left out."""
    stream = messages(store, store.version, board, pause_s=0)
    await anext(stream)
    return stream


async def told(stream: AsyncIterator[ServerSentEventMessage]) -> tuple[str | None, dict[str, Any]]:
    async with asyncio.timeout(30):
        message = await anext(stream)
    assert isinstance(message.data, str)
    return message.event, json.loads(message.data)


def test_every_kind_of_view_has_a_topic() -> None:
    assert set(TOPICS) == set(VIEW_TYPES)


async def test_many_changes_make_one_message() -> None:
    store = a_store(a_board())
    stream = await following(store)

    put(store, *(an_entry(f"acme/model-{n}") for n in range(100)), a_request())

    assert await told(stream) == (
        "changed",
        {"topics": ["entry", "request"], "said": "100 models have new scores."},
    )


async def test_one_new_average_is_said_aloud_and_a_provisional_row_is_not() -> None:
    store = a_store(a_board())
    stream = await following(store)

    put(store, an_entry("acme/half", facts=None), an_entry("acme/done", facts=90, grammar=80))

    assert (await told(stream))[1]["said"] == "acme/done averages 85.00."


async def test_a_page_that_looks_at_everything_anew_hears_of_no_new_scores() -> None:
    store = a_store(a_board(), an_entry(facts=90, grammar=80))
    stream = messages(store, Version("e0", 7), None)
    await anext(stream)

    assert await told(stream) == ("changed", {"topics": sorted(Topic), "said": ""})


async def test_what_happens_on_another_board_is_not_told() -> None:
    store = a_store(a_board(), a_board("other"))
    stream = await following(store, "demo")

    put(store, an_entry(board="other"))
    put(store, a_request())

    assert (await told(stream))[1]["topics"] == ["request"]


async def test_progress_comes_with_its_numbers() -> None:
    running = a_request(state=RequestState.RUNNING, attempt=1)
    store = a_store(a_board(), running)
    stream = await following(store, "demo")
    progress = EvaluationProgress(
        sid=running.sid, run=1, attempt=1, phase="scoring", task="facts", done=3, total=9
    )

    store.put_progress(progress)

    event, body = await told(stream)
    assert (event, body["done"], body["total"]) == ("progress", 3, 9)


async def test_a_validation_is_named_to_the_pages_of_its_board() -> None:
    received = a_request(state=RequestState.RECEIVED)
    elsewhere = a_request("acme/elsewhere", RequestState.RECEIVED, board="other")
    store = a_store(a_board(), a_board("other"), received, elsewhere)
    store.listened(60)  # by when its evaluators are known
    stream = await following(store, "demo")

    store.put_validation(a_validation(elsewhere))
    store.put_validation(a_validation(received))

    assert await told(stream) == ("validation", {"sid": received.sid})
    store.listened(60)
    assert await told(stream) == ("validation", {"sid": received.sid})


async def test_a_page_of_another_stream_looks_at_everything_again() -> None:
    store = a_store(a_board())
    stream = messages(store, Version("e0", 7), None, pause_s=0)
    await anext(stream)

    assert (await told(stream))[1]["topics"] == sorted(Topic)


async def test_the_id_is_the_version_from_which_to_go_on() -> None:
    store = a_store(a_board())
    stream = await following(store)
    put(store, a_request())

    message = await anext(stream)

    assert message.id == str(store.version)
