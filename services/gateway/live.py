"""Server-sent events: every change of a view, as it stood on the bus, and progress."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromQuery, HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from contracts.registry import view_class
from services.gateway.boards.routes import known_board
from services.gateway.dependencies import StoreDependency
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.queue.routes import standing_evaluators
from services.gateway.state.store import Listener, News, Version, ViewStore

HEARTBEAT_S = 15.0
NOTHING = News(start_over=False, subjects=frozenset(), progress=frozenset())
RETRY_MS = 2000
_AT_ONCE = 50


@get(
    "/api/v1/events",
    operation_id="streamEvents",
    tags=["live"],
    media_type="text/event-stream",
    responses=refuses(ErrorCode.BOARD_UNKNOWN),
)
async def stream_events(
    store: StoreDependency,
    board: FromQuery[str | None] = None,
    since: FromQuery[str | None] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ServerSentEvent:
    """`request`, `entry`, `board` and the other kinds of views carry one; `gone` the subject of one
    that no longer is; `progress` a running evaluation; `validation` how the rules come out for a
    submission so far; `evaluators` all that are there; `reset` says to forget everything, because
    all of it follows.

    Resumes after `Last-Event-ID`, or after `since` on a first connection; without either it begins
    with everything there is."""
    if board is not None:
        known_board(board, store)
    resume_from = Version.parse(last_event_id or since or "")
    return ServerSentEvent(messages(store, resume_from, board))


async def messages(
    store: ViewStore, since: Version | None, board: str | None
) -> AsyncIterator[ServerSentEventMessage]:
    """Ends when the store is closed."""
    with store.listen(since) as listener:
        yield ServerSentEventMessage(data=None, comment="podium", retry=RETRY_MS)
        while True:
            news = await news_within(listener, HEARTBEAT_S)
            if news is None:
                return
            if news is NOTHING:
                yield ServerSentEventMessage(data=None, comment="alive")
            for number, message in enumerate(_told(news, store, board), start=1):
                yield message
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)


async def news_within(listener: Listener, seconds: float) -> News | None:
    """NOTHING when nothing came for so long; None when the store is closed."""
    try:
        async with asyncio.timeout(seconds):
            return await listener.news()
    except TimeoutError:
        return NOTHING


def _told(news: News, store: ViewStore, board: str | None) -> Iterator[ServerSentEventMessage]:
    epoch = store.version.epoch
    # In stream order, so that the last id a client has seen stands for all before it. Bodies are
    # made as they are sent: a reader may be slow, and a board large.
    places = sorted(
        (store.sequence(subject), subject)
        for subject in news.subjects
        if board is None or store.is_about(board, subject)
    )
    if news.start_over:
        yield ServerSentEventMessage(data="{}", event="reset")
    for sequence, subject in places:
        if store.version.epoch != epoch or store.sequence(subject) != sequence:
            # It has changed since this was begun, and comes again in its place.
            continue
        sse_id = str(Version(epoch, sequence))
        if body := store.body(subject):
            yield ServerSentEventMessage(data=body, event=_name(subject), id=sse_id)
        else:
            gone = json.dumps({"subject": subject})
            yield ServerSentEventMessage(data=gone, event="gone", id=sse_id)
    for sid in news.progress:
        progress = store.progress.get(sid)
        if progress and (board is None or store.requests[sid].board == board):
            yield ServerSentEventMessage(data=progress.model_dump_json(), event="progress")
    for sid in news.validations:
        validation = store.validations.get(sid)
        if validation and (board is None or store.requests[sid].board == board):
            yield ServerSentEventMessage(data=validation.model_dump_json(), event="validation")
    if news.evaluators:
        evaluators = msgspec.json.encode(standing_evaluators(store))
        yield ServerSentEventMessage(data=evaluators, event="evaluators")


def _name(subject: str) -> str:
    cls = view_class(subject)
    assert cls is not None  # others are not kept
    return cls.type_name().rpartition(".")[2]
