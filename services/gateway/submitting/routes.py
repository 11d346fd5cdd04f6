"""Taking in models to evaluate."""

from litestar import Response, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED

from services.gateway.dependencies import CallerDependency
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.submitting.submitting import SubmittingDependency
from services.gateway.views import SubmissionReceipt, SubmissionRequest, receipt, status_url


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
    data: JSONBody[SubmissionRequest], submitting: SubmittingDependency, caller: CallerDependency
) -> Response[SubmissionReceipt]:
    """Ask for a model to be evaluated, at the commit its revision points to now. 202 means that
    the submission is on disk and will reach a final state."""
    sid = await submitting.take_in(data, caller)
    return Response(receipt(sid), headers={"Location": status_url(sid)})
