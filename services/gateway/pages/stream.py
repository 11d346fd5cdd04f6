"""What tells open pages to look again. The page's own: /api/v1/events is for everybody else.

A page needs no bodies, only which kinds of things have changed; and however many there are, it
looks no more often than a person can read."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from enum import StrEnum

from litestar import get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from contracts.base import View
from contracts.board import Board
from contracts.operation import Holds
from contracts.registry import view_class
from contracts.views import Decision, Departed, Entry, Policy, Request, Rescoring
from services.gateway.boards.routes import known_board
from services.gateway.dependencies import StoreDependency
from services.gateway.state.store import News, Version, ViewStore

PAUSE_S = 0.5
"""Between two messages: what changes meanwhile goes into the second."""
_HEARTBEAT_S = 15.0
_RETRY_MS = 2000


class Topic(StrEnum):
    """What a part of a page may be about; it names those it follows in `ui.live(...)`."""

    BOARD = "board"
    ENTRY = "entry"
    REQUEST = "request"
    MODERATION = "moderation"
    EVALUATORS = "evaluators"


TOPICS: dict[type[View], Topic] = {
    Board: Topic.BOARD,
    Entry: Topic.ENTRY,
    Departed: Topic.ENTRY,
    Request: Topic.REQUEST,
    Decision: Topic.MODERATION,
    Policy: Topic.MODERATION,
    Holds: Topic.EVALUATORS,
    Rescoring: Topic.BOARD,
}


@get("/live", include_in_schema=False)
async def stream_changes(
    store: StoreDependency, board: FromQuery[str | None] = None, since: FromQuery[str] = ""
) -> ServerSentEvent:
    """`changed` lists topics, `progress` is one running evaluation, `validation` names a submission
    for which the rules have come further. Begins after `since`, the version that the page was
    rendered from."""
    if board is not None:
        known_board(board, store)
    return ServerSentEvent(messages(store, Version.parse(since), board))


async def messages(
    store: ViewStore, since: Version | None, board: str | None, *, pause_s: float = PAUSE_S
) -> AsyncIterator[ServerSentEventMessage]:
    """Ends when the store is closed."""
    with store.listen(since) as listener:
        yield ServerSentEventMessage(data=None, comment="podium", retry=_RETRY_MS)
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT_S):
                    news = await listener.news()
            except TimeoutError:
                yield ServerSentEventMessage(data=None, comment="alive")
                continue
            if news is None:
                return
            for message in _told(news, store, board):
                yield message
            await asyncio.sleep(pause_s)


def _told(news: News, store: ViewStore, board: str | None) -> Iterable[ServerSentEventMessage]:
    changed = [one for one in news.subjects if board is None or store.is_about(board, one)]
    topics = set(Topic) if news.start_over else {_topic(subject) for subject in changed}
    if news.evaluators:
        topics.add(Topic.EVALUATORS)
    if topics:
        # On starting over nothing is known to be new.
        said = "" if news.start_over else _said(changed, store)
        body = {"topics": sorted(topics), "said": said}
        yield ServerSentEventMessage(data=json.dumps(body), event="changed", id=str(store.version))
    for sid in news.progress:
        progress = store.progress.get(sid)
        if progress and (board is None or store.requests[sid].board == board):
            yield ServerSentEventMessage(data=progress.model_dump_json(), event="progress")
    for sid in news.validations:
        request = store.requests.get(sid)
        if request and (board is None or request.board == board):
            yield ServerSentEventMessage(data=json.dumps({"sid": sid}), event="validation")


def _topic(subject: str) -> Topic:
    cls = view_class(subject)
    assert cls is not None  # others are not kept
    return TOPICS[cls]


def _said(subjects: Iterable[str], store: ViewStore) -> str:
    """For readers who hear the page; one sentence, however much has changed."""
    match store.with_average(subjects):
        case []:
            return ""
        case [(board, sid)] if entry := store.entry(board, sid):
            return f"{entry.repo_id} averages {entry.average:.2f}."
        case several:
            return f"{len(several)} models have new scores."
