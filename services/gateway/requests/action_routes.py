"""Acting on a request: over the API, and with the forms of its page."""

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_202_ACCEPTED, HTTP_303_SEE_OTHER

from services.gateway.dependencies import (
    ActionsDependency,
    CallerDependency,
    EventLogDependency,
    StoreDependency,
)
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.requests.actions import Action
from services.gateway.requests.routes import known_request
from services.gateway.views import SubmissionReceipt, receipt

Note = Annotated[str, msgspec.Meta(max_length=500)]

_REFUSALS = refuses(
    ErrorCode.REQUEST_UNKNOWN,
    ErrorCode.WRONG_STATE,
    ErrorCode.SIGN_IN_REQUIRED,
    ErrorCode.FORBIDDEN,
    ErrorCode.BUS_UNREACHABLE,
)


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: Note = ""
    """Why, for the request's history."""


class ActionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: Note = ""
    csrf_token: str = ""
    """Looked at before the route runs."""


@post(
    "/api/v1/requests/{sid:str}/cancel",
    status_code=HTTP_202_ACCEPTED,
    operation_id="cancelRequest",
    tags=["requests"],
    responses=_REFUSALS,
)
async def cancel_request(
    sid: FromPath[str],
    data: JSONBody[Why],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
) -> Response[SubmissionReceipt]:
    """Its submitter, or a moderator, no longer wants it. What computes is stopped, and its place in
    the quota is free again."""
    request = await known_request(sid, store, event_log)
    await actions.do(Action.CANCEL, request, caller, data.note)
    return Response(receipt(sid))


@post(
    "/api/v1/requests/{sid:str}/rerun",
    status_code=HTTP_202_ACCEPTED,
    operation_id="rerunRequest",
    tags=["requests"],
    responses=_REFUSALS,
)
async def rerun_request(
    sid: FromPath[str],
    data: JSONBody[Why],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
) -> Response[SubmissionReceipt]:
    """Evaluate the same commit once more, as the next run; earlier runs stay. Moderators always
    may; submitters within their quota, what was cancelled, refused or lost by us and comes from no
    official provider."""
    request = await known_request(sid, store, event_log)
    await actions.do(Action.RERUN, request, caller, data.note)
    return Response(receipt(sid))


@post(
    "/api/v1/requests/{sid:str}/votes",
    status_code=HTTP_202_ACCEPTED,
    operation_id="voteForRequest",
    tags=["requests"],
    responses=refuses(
        ErrorCode.REQUEST_UNKNOWN,
        ErrorCode.WRONG_STATE,
        ErrorCode.ALREADY_VOTED,
        ErrorCode.SIGN_IN_REQUIRED,
        ErrorCode.BUS_UNREACHABLE,
    ),
)
async def vote_for_request(
    sid: FromPath[str],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
) -> Response[SubmissionReceipt]:
    """One vote per user and request. At the board's threshold the job moves to the high lane."""
    request = await known_request(sid, store, event_log)
    await actions.do(Action.VOTE, request, caller, note="")
    return Response(receipt(sid))


@post(
    "/api/v1/requests/{sid:str}/promote",
    status_code=HTTP_202_ACCEPTED,
    operation_id="promoteRequest",
    tags=["moderation"],
    responses=_REFUSALS,
)
async def promote_request(
    sid: FromPath[str],
    data: JSONBody[Why],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
) -> Response[SubmissionReceipt]:
    """A moderator has it served before the others of its tier."""
    caller.must_be_moderator()
    request = await known_request(sid, store, event_log)
    await actions.do(Action.PROMOTE, request, caller, data.note)
    return Response(receipt(sid))


@post("/requests/{sid:str}/{action:str}", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def act_from_page(
    sid: FromPath[str],
    action: FromPath[Action],
    data: URLEncodedBody[ActionForm],
    store: StoreDependency,
    event_log: EventLogDependency,
    actions: ActionsDependency,
    caller: CallerDependency,
) -> Redirect:
    request = await known_request(sid, store, event_log)
    await actions.do(action, request, caller, data.note)
    return Redirect(f"/requests/{sid}?done={action}", status_code=HTTP_303_SEE_OTHER)
