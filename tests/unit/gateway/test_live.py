import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from litestar.response import ServerSentEventMessage

from contracts.base import View
from contracts.evaluation import EvaluationProgress
from contracts.registry import VIEW_TYPES
from contracts.validation import ValidationProgress
from contracts.views import RequestState
from services.gateway.live import messages
from services.gateway.state.store import Version, ViewStore
from tests.contract.test_wire_format import GOLDEN
from tests.unit.gateway.examples import a_board, a_request, a_validation, an_entry


@pytest.fixture
def store() -> ViewStore:
    store = ViewStore()
    store.begin("e1")
    views: list[View] = [a_board(), a_board("other"), an_entry(), an_entry(board="other")]
    for sequence, view in enumerate(views, start=1):
        store.put(view.subject(), view.model_dump_json().encode(), sequence)
    return store


async def take(
    count: int, stream: AsyncIterator[ServerSentEventMessage]
) -> list[ServerSentEventMessage]:
    """The next events; comments, and the evaluators that stand at every beginning, left out."""
    found: list[ServerSentEventMessage] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            message = await anext(stream)
            if message.event not in (None, "evaluators"):
                found.append(message)
    return found


async def test_without_an_id_everything_follows_a_reset_in_stream_order(store: ViewStore) -> None:
    told = await take(5, messages(store, None, None))

    assert [(message.event, message.id) for message in told] == [
        ("reset", None),
        ("board", "e1-1"),
        ("board", "e1-2"),
        ("entry", "e1-3"),
        ("entry", "e1-4"),
    ]


async def test_a_view_is_sent_byte_for_byte_as_it_stood_on_the_bus(store: ViewStore) -> None:
    body = b'{ "a_field_of_tomorrow":1,' + a_board().model_dump_json().encode()[1:]
    store.put(a_board().subject(), body, 5)

    [message] = await take(1, messages(store, Version("e1", 4), None))

    assert message.data == body


@pytest.mark.parametrize("kind", VIEW_TYPES, ids=lambda kind: kind.__name__)
async def test_every_kind_of_view_is_sent(kind: type[View]) -> None:
    written = json.loads((GOLDEN / f"{kind.type_name()}.json").read_text())
    store = ViewStore()
    store.begin("e1")
    store.put(written["subject"], json.dumps(written["body"]).encode(), 1)

    _, everywhere = await take(2, messages(store, None, None))
    _, on_its_board = await take(2, messages(store, None, written["body"].get("board")))

    assert everywhere.event == kind.type_name().rpartition(".")[2]
    assert everywhere.data == on_its_board.data == json.dumps(written["body"]).encode()


async def test_only_the_board_that_was_asked_for_is_sent(store: ViewStore) -> None:
    told = await take(3, messages(store, None, "other"))

    assert [message.id for message in told[1:]] == ["e1-2", "e1-4"]


async def test_what_changes_while_everything_is_told_comes_once_and_in_its_place(
    store: ViewStore,
) -> None:
    stream = messages(store, None, None)
    await take(1, stream)
    changed = an_entry(facts=1.0)
    store.put(changed.subject(), changed.model_dump_json().encode(), 5)

    told = await take(4, stream)

    assert [message.id for message in told] == ["e1-1", "e1-2", "e1-4", "e1-5"]
    assert told[-1].data == changed.model_dump_json().encode()


async def test_what_is_gone_is_said_so(store: ViewStore) -> None:
    store.put(an_entry().subject(), b"", 5)

    [message] = await take(1, messages(store, Version("e1", 4), "demo"))

    assert (message.event, message.id) == ("gone", "e1-5")
    assert json.loads(str(message.data)) == {"subject": an_entry().subject()}


async def test_progress_is_sent_without_an_id(store: ViewStore) -> None:
    running = a_request(state=RequestState.RUNNING, attempt=1)
    store.put(running.subject(), running.model_dump_json().encode(), 5)
    progress = EvaluationProgress(
        sid=running.sid, run=1, attempt=1, phase="scoring", task="facts", done=3, total=9
    )
    store.put_progress(progress)

    [message] = await take(1, messages(store, store.version, "demo"))

    assert (message.event, message.id) == ("progress", None)
    assert EvaluationProgress.model_validate_json(str(message.data)) == progress


async def test_a_validation_is_sent_without_an_id_to_the_readers_of_its_board(
    store: ViewStore,
) -> None:
    here, there = (a_request(state=RequestState.RECEIVED, board=b) for b in ("demo", "other"))
    for sequence, request in enumerate((here, there), start=5):
        store.put(request.subject(), request.model_dump_json().encode(), sequence)
        store.put_validation(a_validation(request))

    [message] = await take(1, messages(store, store.version, "demo"))

    assert (message.event, message.id) == ("validation", None)
    assert ValidationProgress.model_validate_json(str(message.data)) == a_validation(here)


async def test_the_stream_ends_when_the_store_is_closed(store: ViewStore) -> None:
    stream = messages(store, store.version, None)
    await anext(stream)

    store.close()

    async with asyncio.timeout(30):
        assert [message async for message in stream] == []
