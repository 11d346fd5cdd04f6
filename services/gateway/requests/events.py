"""One request as server-sent events, until it has ended."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath, HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.status_codes import HTTP_204_NO_CONTENT

from contracts.evaluation import EvaluationProgress
from contracts.validation import ValidationProgress
from contracts.views import Request
from services.gateway.dependencies import (
    EventLogDependency,
    OutlookDependency,
    StoreDependency,
)
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.live import HEARTBEAT_S, RETRY_MS, news_within
from services.gateway.queue.outlook import Outlook
from services.gateway.queue.places import QueuePlace
from services.gateway.queue.requests import ENDED
from services.gateway.queue.views import queue_place
from services.gateway.requests.routes import known_request
from services.gateway.state.store import Version, ViewStore
from services.gateway.views import request_details, request_progress, request_validation

_LOOK_AT_ESTIMATES_S = 5.0
_MOVED_S = 30.0
"""An estimate that moves by less is not worth telling."""


@get(
    "/api/v1/requests/{sid:str}/events",
    operation_id="streamRequest",
    tags=["live"],
    media_type="text/event-stream",
    responses=refuses(ErrorCode.REQUEST_UNKNOWN, ErrorCode.BUS_UNREACHABLE),
)
async def stream_request(
    sid: FromPath[str],
    store: StoreDependency,
    event_log: EventLogDependency,
    outlook: OutlookDependency,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> Response[Any]:
    """`request` carries all there is, whenever that changes; `queue` the place of one that waits;
    `progress` where one that runs is; `validation` how the rules come out so far for one that a
    validator is at, and null once it fell silent; `end` the final state, and then the stream ends.

    After `Last-Event-ID` nothing is repeated; a request that had ended by then is answered with
    204, on which browsers stop asking."""
    request = await known_request(sid, store, event_log)
    told = Version.parse(last_event_id or "")
    if request.state in ENDED and not _is_news(_version(request, store), told):
        return Response(None, status_code=HTTP_204_NO_CONTENT)
    return ServerSentEvent(messages(request, store, outlook, told))


async def messages(
    request: Request, store: ViewStore, outlook: Outlook, told: Version | None
) -> AsyncGenerator[ServerSentEventMessage, None]:
    """Ends with the request, or when the store is closed. `request` is how it stood when it was
    asked for, which may be before VIEWS tells of it."""
    follower = _Follower(request, store, outlook, told)
    loop = asyncio.get_running_loop()
    with store.listen(store.version) as listener:
        yield ServerSentEventMessage(data=None, comment="podium", retry=RETRY_MS)
        said_at = loop.time()
        while True:
            for message in follower.news():
                yield message
                said_at = loop.time()
            if follower.has_ended:
                return
            if await news_within(listener, _LOOK_AT_ESTIMATES_S) is None:
                return
            if loop.time() - said_at >= HEARTBEAT_S:
                yield ServerSentEventMessage(data=None, comment="alive")
                said_at = loop.time()


class _Follower:
    """What one reader has been told of a request."""

    def __init__(
        self, request: Request, store: ViewStore, outlook: Outlook, told: Version | None
    ) -> None:
        self._request = request
        self._store = store
        self._outlook = outlook
        self._told = told
        self._told_early = False
        self._place: QueuePlace | None = None
        self._progress: EvaluationProgress | None = None
        self._validation: ValidationProgress | None = None
        self.has_ended = False

    def news(self) -> Iterator[ServerSentEventMessage]:
        """What is to be told now."""
        request = self._store.requests.get(self._request.sid)
        if request is None:
            # Not in VIEWS yet, or VIEWS is being rebuilt.
            if self._told is None and not self._told_early:
                self._told_early = True
                yield self._details(self._request)
            return
        version = _version(request, self._store)
        place = self._outlook.place(request)
        progress = self._outlook.progress(request)
        validation = self._outlook.validation(request)
        if _is_news(version, self._told):
            self._told, self._place, self._progress = version, place, progress
            self._validation = validation
            yield self._details(request, version)
        if place and _is_worth_telling(place, self._place):
            self._place = place
            yield _message("queue", queue_place(place))
        if progress and progress is not self._progress:
            self._progress = progress
            yield _message("progress", request_progress(request, self._outlook))
        if validation is not self._validation:
            self._validation = validation
            yield _message("validation", request_validation(request, self._outlook))
        if request.state in ENDED:
            self.has_ended = True
            yield ServerSentEventMessage(data=json.dumps({"state": request.state}), event="end")

    def _details(self, request: Request, version: Version | None = None) -> ServerSentEventMessage:
        return _message("request", request_details(request, self._outlook), version)


def _message(event: str, data: object, version: Version | None = None) -> ServerSentEventMessage:
    return ServerSentEventMessage(
        data=msgspec.json.encode(data), event=event, id=str(version) if version else None
    )


def _version(request: Request, store: ViewStore) -> Version | None:
    """Of the view; None while it is not in VIEWS."""
    if request.sid not in store.requests:
        return None
    return Version(store.version.epoch, store.sequence(request.subject()))


def _is_news(version: Version | None, told: Version | None) -> bool:
    """Another gateway may have told of more than this one has read."""
    if version is None or told is None or version.epoch != told.epoch:
        return True
    return version.sequence > told.sequence


def _is_worth_telling(place: QueuePlace, told: QueuePlace | None) -> bool:
    if told is None or place.starts_at is None or told.starts_at is None:
        return place != told
    moved_s = abs((place.starts_at - told.starts_at).total_seconds())
    return moved_s >= _MOVED_S or _without_estimates(place) != _without_estimates(told)


def _without_estimates(place: QueuePlace) -> tuple[object, ...]:
    return place.tier, place.lane, place.place, place.waiting, place.evaluators, place.doubt
