import asyncio

import pytest

from contracts.base import View
from contracts.evaluation import EvaluationProgress
from contracts.views import Entry, Request, RequestState
from services.gateway.state.store import Listener, News, Version, ViewStore
from tests.unit.gateway.examples import a_board, a_request, a_validation, an_entry


def put(store: ViewStore, view: View, sequence: int) -> None:
    store.put(view.subject(), view.model_dump_json().encode(), sequence)


def text_of(entry: Entry | None) -> str:
    assert entry
    return entry.model_dump_json()


async def news_of(listener: Listener) -> News:
    async with asyncio.timeout(30):
        news = await listener.news()
    assert news is not None
    return news


def progress_of(request: Request, attempt: int = 1, done: int = 1) -> EvaluationProgress:
    return EvaluationProgress(
        sid=request.sid, run=1, attempt=attempt, phase="scoring", task="facts", done=done, total=9
    )


@pytest.fixture
def store() -> ViewStore:
    store = ViewStore()
    store.begin("e1")
    return store


@pytest.mark.parametrize(
    "text", ["", "abc", "-5", "e1-", "e1-x", "e1--1", "e 1-5", "e1-5 ", "e1-²", "../-1"]
)
def test_an_event_id_that_is_none_of_ours_is_not_read(text: str) -> None:
    assert Version.parse(text) is None


def test_an_event_id_is_read_as_it_was_written() -> None:
    assert Version.parse(str(Version("19a5f3", 42))) == Version("19a5f3", 42)


def test_a_submitters_requests_are_known_as_they_stand_now(store: ViewStore) -> None:
    def sent_by(name: str | None, repo_id: str, state: RequestState) -> Request:
        return a_request(repo_id, state).model_copy(update={"submitter": name})

    first = sent_by("ada", "acme/first", RequestState.FINISHED)
    put(store, sent_by("ada", "acme/first", RequestState.WAITING), 1)
    put(store, sent_by("ada", "acme/gone", RequestState.WAITING), 2)
    put(store, sent_by("grace", "acme/hers", RequestState.WAITING), 3)
    put(store, sent_by(None, "acme/nobodys", RequestState.WAITING), 4)
    put(store, first, 5)
    store.put(a_request("acme/gone").subject(), b"", 6)

    assert [*store.requests_of("ada")] == [first]
    assert [request.model.repo_id for request in store.requests_of("grace")] == ["acme/hers"]
    assert not store.requests_of("nobody")
    store.begin("e2")
    assert not store.requests_of("ada")


def test_the_newest_view_of_a_subject_counts(store: ViewStore) -> None:
    put(store, a_request(state=RequestState.WAITING), 1)
    put(store, a_request(state=RequestState.RUNNING), 2)

    [request] = store.requests.values()
    assert request.state is RequestState.RUNNING
    assert store.version == Version("e1", 2)


def test_an_empty_body_takes_the_view_away(store: ViewStore) -> None:
    entry, request, board = an_entry(), a_request(), a_board()
    for sequence, view in enumerate((entry, request, board), start=1):
        put(store, view, sequence)

    for sequence, view in enumerate((entry, request, board), start=4):
        store.put(view.subject(), b"", sequence)

    assert (store.requests, store.boards) == ({}, {})
    assert store.entry("demo", entry.sid) is None


def test_a_view_that_cannot_be_read_leaves_what_stood(store: ViewStore) -> None:
    board = a_board()
    put(store, board, 1)

    store.put(board.subject(), b'{"name": "demo"}', 2)

    assert store.boards["demo"] == board


def test_an_entry_stands_as_it_came(store: ViewStore) -> None:
    first, other = an_entry(), an_entry("acme/other", facts=1.0)
    for sequence, entry in enumerate((first, other), start=1):
        put(store, entry, sequence)

    assert store.sequence(other.subject()) == 2
    assert store.body(other.subject()) == other.model_dump_json().encode()
    assert text_of(store.entry("demo", other.sid)) == text_of(other)
    assert text_of(store.entry("demo", first.sid)) == text_of(first)


def test_an_entry_that_cannot_be_read_leaves_what_stood(store: ViewStore) -> None:
    entry = an_entry()
    put(store, entry, 1)

    for body in (b"{}", b"[", b'{"sid": 7}'):
        store.put(entry.subject(), body, 2)

    assert text_of(store.entry("demo", entry.sid)) == text_of(entry)


def test_an_entry_that_is_gone_is_told_as_gone(store: ViewStore) -> None:
    entry = an_entry()
    put(store, entry, 1)
    store.put(entry.subject(), b"", 2)

    assert (store.body(entry.subject()), store.sequence(entry.subject())) == (b"", 2)


def test_a_kind_of_view_from_a_newer_version_is_passed_over(store: ViewStore) -> None:
    store.put("podium.v1.view.trophy.demo", b"{}", 1)

    assert store.version == Version("e1", 1)


async def test_a_new_listener_is_told_everything(store: ViewStore) -> None:
    put(store, a_board(), 1)

    with store.listen(None) as listener:
        news = await news_of(listener)

    assert news.start_over
    assert news.subjects == {a_board().subject()}


async def test_a_listener_that_comes_back_is_told_what_it_missed(store: ViewStore) -> None:
    put(store, a_board(), 1)
    put(store, an_entry(), 2)

    with store.listen(Version("e1", 1)) as listener:
        news = await news_of(listener)

    assert not news.start_over
    assert news.subjects == {an_entry().subject()}


async def test_a_listener_that_comes_back_is_not_told_of_rows_that_stayed(
    store: ViewStore,
) -> None:
    for place in range(4):
        put(store, an_entry(f"acme/{place}"), place + 1)
    put(store, an_entry("acme/0", facts=99), 5)

    with store.listen(Version("e1", 3)) as listener:
        news = await news_of(listener)

    assert news.subjects == {an_entry(f"acme/{place}").subject() for place in (0, 3)}


async def test_a_listener_of_another_stream_starts_over(store: ViewStore) -> None:
    put(store, a_board(), 1)

    with store.listen(Version("e0", 99)) as listener:
        news = await news_of(listener)

    assert news.start_over
    assert news.subjects == {a_board().subject()}


async def test_a_listener_that_does_not_read_remembers_each_subject_once(store: ViewStore) -> None:
    with store.listen(store.version) as listener:
        await news_of(listener)
        for sequence in range(1, 500):
            put(store, a_request(minutes=sequence), sequence)
        news = await news_of(listener)

    assert news.subjects == {a_request().subject()}


async def test_a_new_stream_makes_listeners_forget(store: ViewStore) -> None:
    put(store, an_entry(), 1)
    with store.listen(store.version) as listener:
        await news_of(listener)
        put(store, an_entry("acme/other"), 2)

        store.begin("e2")
        put(store, a_board(), 1)
        news = await news_of(listener)

    assert news.start_over
    assert news.subjects == {a_board().subject()}
    assert store.entry("demo", an_entry().sid) is None


async def test_a_gateway_that_is_behind_waits_until_it_has_read_as_much(store: ViewStore) -> None:
    put(store, a_board(), 1)
    waiting = asyncio.create_task(store.reached(Version("e1", 3)))
    put(store, an_entry(), 2)
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()

    put(store, a_request(), 3)

    async with asyncio.timeout(30):
        await waiting
        await store.reached(Version("of another stream", 99))


async def test_closing_the_store_ends_its_listeners(store: ViewStore) -> None:
    with store.listen(None) as before:
        store.close()
        assert await before.news() is None
    with store.listen(None) as after:
        assert await after.news() is None


def test_progress_is_kept_only_while_its_attempt_runs(store: ViewStore) -> None:
    waiting = a_request(state=RequestState.WAITING)
    store.put_progress(progress_of(waiting))
    put(store, waiting, 1)
    store.put_progress(progress_of(waiting))
    assert store.progress == {}

    running = a_request(state=RequestState.RUNNING, attempt=2)
    put(store, running, 2)
    store.put_progress(progress_of(running, attempt=1))
    assert store.progress == {}

    store.put_progress(progress_of(running, attempt=2, done=5))
    assert store.progress[running.sid].done == 5

    put(store, a_request(state=RequestState.FINISHED, attempt=2), 3)
    assert store.progress == {}


def test_a_validation_is_kept_until_there_is_a_verdict(store: ViewStore) -> None:
    received = a_request(state=RequestState.RECEIVED)
    store.put_validation(a_validation(received))
    put(store, received, 1)
    store.put_validation(a_validation(received).model_copy(update={"run": 2}))
    assert store.validations.get(received.sid) is None

    store.put_validation(a_validation(received))
    assert store.validations.get(received.sid) == a_validation(received)

    put(store, a_request(state=RequestState.WAITING), 2)
    assert store.validations.get(received.sid) is None


async def test_a_validation_is_news_when_it_comes_further_and_when_it_falls_silent(
    store: ViewStore,
) -> None:
    received = a_request(state=RequestState.RECEIVED)
    put(store, received, 1)
    first, second = (a_validation(received, reading) for reading in ("the card", "the weights"))
    store.put_validation(first)
    with store.listen(store.version) as listener:
        assert (await news_of(listener)).validations == {received.sid}

        store.put_validation(first)
        store.put_validation(second)
        assert (await news_of(listener)).validations == {received.sid}

        store.listened(8)
        store.put_validation(second)
        store.listened(8)
        assert store.validations.get(received.sid) == second

        store.listened(3)
        assert (await news_of(listener)).validations == {received.sid}
        assert store.validations.get(received.sid) is None
