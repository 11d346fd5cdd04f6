"""Taking in models to evaluate."""

from datetime import UTC, datetime

import structlog
from litestar import Response, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED

from contracts.submission import SubmissionReceived
from runtime.bus import AlreadyPublishedError
from runtime.logs import about
from services.gateway.boards import chosen_board
from services.gateway.dependencies import (
    CallerDependency,
    EventLogDependency,
    OutlookDependency,
    QuotasDependency,
    ResolveModelDependency,
    StoreDependency,
)
from services.gateway.errors import ErrorCode, Refusal, refuses
from services.gateway.event_log import EventLog, as_request
from services.gateway.official_providers import check_not_evaluated_yet
from services.gateway.outlook import Outlook
from services.gateway.requests import known_request
from services.gateway.store import ViewStore
from services.gateway.views import (
    SubmissionReceipt,
    SubmissionRequest,
    receipt,
    received,
    request_details,
    status_url,
)

log = structlog.get_logger(__name__)


@post(
    "/api/v1/submissions",
    status_code=HTTP_202_ACCEPTED,
    operation_id="submitModel",
    tags=["submissions"],
    responses=refuses(
        ErrorCode.INVALID_REQUEST,
        ErrorCode.BOARD_UNKNOWN,
        ErrorCode.MODEL_NOT_FOUND,
        ErrorCode.REVISION_NOT_FOUND,
        ErrorCode.DUPLICATE_SUBMISSION,
        ErrorCode.SIGN_IN_REQUIRED,
        ErrorCode.FORBIDDEN,
        ErrorCode.TOKEN_INVALID,
        ErrorCode.QUOTA_EXCEEDED,
        ErrorCode.TOO_MANY_PENDING,
        ErrorCode.HUB_UNREACHABLE,
        ErrorCode.BUS_UNREACHABLE,
    ),
)
async def submit_model(
    data: JSONBody[SubmissionRequest],
    store: StoreDependency,
    event_log: EventLogDependency,
    resolve_model: ResolveModelDependency,
    caller: CallerDependency,
    quotas: QuotasDependency,
    outlook: OutlookDependency,
) -> Response[SubmissionReceipt]:
    """Ask for a model to be evaluated, at the commit its revision points to now. 202 means that
    the submission is on disk and will reach a final state."""
    caller.must_be_known()
    board = chosen_board(data.board, store)
    with quotas.slot(caller.user, board):
        resolved = await resolve_model(data.model, data.revision)
        base = await resolve_model(data.base_model, "main") if data.base_model else None
        event = received(data, board.name, resolved, caller.name, base)
        check_not_evaluated_yet(event, caller, store.policy, store.requests.values())
        await _publish(event, store, event_log, outlook)
        quotas.submitted(as_request(event, datetime.now(UTC)))
    return Response(receipt(event.sid), headers={"Location": status_url(event.sid)})


async def _publish(
    event: SubmissionReceived, store: ViewStore, event_log: EventLog, outlook: Outlook
) -> None:
    with about(sid=event.sid):
        try:
            await event_log.publish_once(event)
        except AlreadyPublishedError as taken:
            standing = await known_request(event.sid, store, event_log)
            existing = request_details(standing, outlook)
            raise Refusal(
                ErrorCode.DUPLICATE_SUBMISSION,
                f"{existing.model} at commit {existing.commit[:12]} has been submitted to board"
                f" {existing.board} before, in the same precision and form.",
                f"Follow the existing request at {existing.status_url}.",
                {"request": existing, "status_url": existing.status_url},
            ) from taken
        log.info("submission received", model=event.model.repo_id, commit=event.model.commit)
