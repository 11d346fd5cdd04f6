"""Submissions and where they stand."""

import re
from typing import Annotated
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from contracts.views import Request, RequestState
from services.gateway.dependencies import (
    EventLogDependency,
    OutlookDependency,
    StoreDependency,
)
from services.gateway.http.errors import ErrorCode, Refusal, refuses
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore
from services.gateway.views import (
    HistoryEntry,
    Items,
    RequestDetails,
    RequestPage,
    request_details,
    request_history,
    request_summary,
)

_SUBMISSION_ID = re.compile(r"[0-9a-f]{20}")


@get(
    "/api/v1/requests",
    operation_id="listRequests",
    tags=["requests"],
    responses=refuses(ErrorCode.INVALID_REQUEST),
)
async def list_requests(
    store: StoreDependency,
    outlook: OutlookDependency,
    # Litestar keeps the name `state` for itself.
    in_state: Annotated[RequestState | None, QueryParameter(name="state")] = None,
    board: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    after: FromQuery[str | None] = None,
) -> RequestPage:
    """Newest first. `after` is the id of the last request on the page before."""
    chosen = [
        request
        for request in sorted(store.requests.values(), key=_place)
        if in_state in (None, request.state) and board in (None, request.board)
    ]
    if after is not None:
        last = store.requests.get(after)
        if last is None:
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"There is no request {after} to continue after.",
                "Start again without `after`.",
                {"parameter": "after"},
            )
        chosen = [request for request in chosen if _place(request) > _place(last)]
    page = chosen[:limit]
    following = None
    if len(chosen) > limit:
        query = {"state": in_state, "board": board, "limit": limit, "after": page[-1].sid}
        given = {name: value for name, value in query.items() if value is not None}
        following = f"/api/v1/requests?{urlencode(given)}"
    return RequestPage(
        items=tuple(request_summary(request, outlook) for request in page), next=following
    )


@get(
    "/api/v1/requests/{sid:str}",
    operation_id="getRequest",
    tags=["requests"],
    responses=refuses(ErrorCode.REQUEST_UNKNOWN, ErrorCode.BUS_UNREACHABLE),
)
async def get_request(
    sid: FromPath[str],
    store: StoreDependency,
    event_log: EventLogDependency,
    outlook: OutlookDependency,
) -> RequestDetails:
    """Where a submission stands, from the moment it is answered with 202."""
    return request_details(await known_request(sid, store, event_log), outlook)


@get(
    "/api/v1/requests/{sid:str}/timeline",
    operation_id="getTimeline",
    tags=["requests"],
    responses=refuses(ErrorCode.REQUEST_UNKNOWN, ErrorCode.BUS_UNREACHABLE),
)
async def get_timeline(
    sid: FromPath[str], store: StoreDependency, event_log: EventLogDependency
) -> Items[HistoryEntry]:
    """Everything that happened to a submission, oldest first."""
    return Items(items=request_history(await known_request(sid, store, event_log)))


async def find_request(sid: str, store: ViewStore, event_log: EventLog) -> Request | None:
    """Before the aggregator has made its view, the request as its first event tells it."""
    if not _SUBMISSION_ID.fullmatch(sid):
        return None
    return store.requests.get(sid) or await event_log.received(sid)


async def known_request(sid: str, store: ViewStore, event_log: EventLog) -> Request:
    request = await find_request(sid, store, event_log)
    if request is None:
        raise Refusal(
            ErrorCode.REQUEST_UNKNOWN,
            f"There is no request {sid}.",
            "Take the id from the answer to a submission, or from /api/v1/requests.",
        )
    return request


def _place(request: Request) -> tuple[float, str]:
    return -request.received_at.timestamp(), request.sid
