"""What can be done about a request: cancel it, run it again, want it sooner."""

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED

from contracts.submission import (
    SubmissionCancelled,
    SubmissionPromoted,
    SubmissionRerunRequested,
)
from contracts.views import Request, RequestState
from contracts.vote import VoteCast
from runtime.bus import AlreadyPublishedError
from services.gateway.access import Caller
from services.gateway.boards import known_board
from services.gateway.dependencies import (
    CallerDependency,
    EventLogDependency,
    QuotasDependency,
    StoreDependency,
)
from services.gateway.errors import ErrorCode, Refusal, refuses
from services.gateway.event_log import EventLog
from services.gateway.quotas import is_used_up
from services.gateway.requests import known_request
from services.gateway.store import ViewStore
from services.gateway.views import SubmissionReceipt, receipt

_WAITS = (RequestState.RECEIVED, RequestState.WAITING)
_UNSETTLED = (*_WAITS, RequestState.RUNNING)

_REFUSALS = refuses(
    ErrorCode.REQUEST_UNKNOWN,
    ErrorCode.WRONG_STATE,
    ErrorCode.SIGN_IN_REQUIRED,
    ErrorCode.FORBIDDEN,
    ErrorCode.BUS_UNREACHABLE,
)


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """Why, for the request's history."""


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
    caller: CallerDependency,
) -> Response[SubmissionReceipt]:
    """Its submitter, or a moderator, no longer wants it. What computes is stopped, and its place in
    the quota is free again."""
    request = await known_request(sid, store, event_log)
    caller.must_be_submitter_or_moderator(request.submitter)
    _must_be_in(request, _UNSETTLED, "be cancelled")
    event = SubmissionCancelled(sid=sid, by=caller.name, note=data.note)
    await event_log.publish_as(f"run {request.run}", event)
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
    caller: CallerDependency,
    quotas: QuotasDependency,
) -> Response[SubmissionReceipt]:
    """Evaluate the same commit once more, as the next run; earlier runs stay. Moderators always
    may; submitters within their quota, what was cancelled, refused or lost by us and comes from no
    official provider."""
    request = await known_request(sid, store, event_log)
    caller.must_be_submitter_or_moderator(request.submitter)
    _must_be_in(request, frozenset(RequestState).difference(_UNSETTLED), "be run again")
    if caller.is_moderator:
        await _publish_rerun(request, caller, data.note, event_log)
        return Response(receipt(sid))
    if is_used_up(request) or _is_official(request, store):
        caller.must_be_moderator()
    with quotas.slot(caller.user, known_board(request.board, store)):
        await _publish_rerun(request, caller, data.note, event_log)
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
    caller: CallerDependency,
) -> Response[SubmissionReceipt]:
    """One vote per user and request. At the board's threshold the job moves to the high lane."""
    request = await known_request(sid, store, event_log)
    voter = caller.proved_user().name
    _must_be_in(request, _WAITS, "be voted for")
    # The stream drops a repeat that comes before the view tells of the first.
    if voter in request.voters or not await event_log.publish_as(
        voter, VoteCast(sid=sid, voter=voter)
    ):
        raise Refusal(
            ErrorCode.ALREADY_VOTED,
            f"{voter} has voted for this request before.",
            "One vote per user counts; nothing is left to do.",
        )
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
    caller: CallerDependency,
) -> Response[SubmissionReceipt]:
    """A moderator has it served before the others of its tier."""
    caller.must_be_moderator()
    request = await known_request(sid, store, event_log)
    _must_be_in(request, _WAITS, "be promoted")
    event = SubmissionPromoted(sid=sid, run=request.run, by=caller.name, note=data.note)
    try:
        await event_log.publish_once(event)
    except AlreadyPublishedError as taken:
        raise _wrong_state(request, "be promoted", "It has been promoted already.") from taken
    return Response(receipt(sid))


async def _publish_rerun(request: Request, caller: Caller, note: str, event_log: EventLog) -> None:
    event = SubmissionRerunRequested(
        sid=request.sid, run=request.run + 1, by=caller.name, note=note
    )
    try:
        await event_log.publish_once(event)
    except AlreadyPublishedError as taken:
        raise _wrong_state(request, "be run again", "It has been asked for already.") from taken


def _is_official(request: Request, store: ViewStore) -> bool:
    organisation = request.model.repo_id.partition("/")[0].casefold()
    return organisation in {each.name.casefold() for each in store.policy.official_providers}


def _must_be_in(
    request: Request, states: tuple[RequestState, ...] | frozenset[RequestState], what: str
) -> None:
    if request.state not in states:
        possible = ", ".join(state for state in RequestState if state in states)
        raise _wrong_state(request, what, f"That takes one of these states: {possible}.")


def _wrong_state(request: Request, what: str, advice: str) -> Refusal:
    return Refusal(
        ErrorCode.WRONG_STATE,
        f"The request is {request.state} (run {request.run}) and cannot {what} now.",
        advice,
        {"state": request.state, "run": request.run},
    )
