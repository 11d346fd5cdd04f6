"""Everything that is not a success is answered in one shape, here and nowhere else:

{"error": {"code": "board-unknown", "message": …, "advice": …, "details": {…}}}
"""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from services.gateway.http.parameter_faults import advice_for

log = structlog.get_logger(__name__)

_RETRY_AFTER_S = 5


class ErrorCode(StrEnum):
    """Stable names, for programs; a code keeps its HTTP status."""

    INVALID_REQUEST = "invalid-request"
    INVALID_SEARCH = "invalid-search"
    FIELD_UNKNOWN = "field-unknown"
    MODEL_NOT_FOUND = "model-not-found"
    REVISION_NOT_FOUND = "revision-not-found"
    BOARD_UNKNOWN = "board-unknown"
    REQUEST_UNKNOWN = "request-unknown"
    ENTRY_UNKNOWN = "entry-unknown"
    MODEL_UNKNOWN = "model-unknown"
    TASK_UNKNOWN = "task-unknown"
    SAMPLES_UNAVAILABLE = "samples-unavailable"
    DEAD_LETTER_UNKNOWN = "dead-letter-unknown"
    DUPLICATE_SUBMISSION = "duplicate-submission"
    SIGN_IN_REQUIRED = "sign-in-required"
    SIGN_IN_FAILED = "sign-in-failed"
    TOKEN_INVALID = "token-invalid"
    CSRF_TOKEN_WRONG = "csrf-token-wrong"
    FORBIDDEN = "forbidden"
    BANNED = "banned"
    WRONG_STATE = "wrong-state"
    ALREADY_VOTED = "already-voted"
    QUOTA_EXCEEDED = "quota-exceeded"
    TOO_MANY_PENDING = "too-many-pending"
    TOO_MANY_REQUESTS = "too-many-requests"
    HUB_UNREACHABLE = "hub-unreachable"
    BUS_UNREACHABLE = "bus-unreachable"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    TOO_LARGE = "too-large"
    BAD_REQUEST = "bad-request"
    INTERNAL_ERROR = "internal-error"


_STATUS = {
    ErrorCode.INVALID_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.INVALID_SEARCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.FIELD_UNKNOWN: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.MODEL_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.REVISION_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.BOARD_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.REQUEST_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.ENTRY_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.MODEL_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.TASK_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.SAMPLES_UNAVAILABLE: HTTPStatus.NOT_FOUND,
    ErrorCode.DEAD_LETTER_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.DUPLICATE_SUBMISSION: HTTPStatus.CONFLICT,
    ErrorCode.SIGN_IN_REQUIRED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.SIGN_IN_FAILED: HTTPStatus.BAD_REQUEST,
    ErrorCode.TOKEN_INVALID: HTTPStatus.UNAUTHORIZED,
    ErrorCode.CSRF_TOKEN_WRONG: HTTPStatus.FORBIDDEN,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.BANNED: HTTPStatus.FORBIDDEN,
    ErrorCode.WRONG_STATE: HTTPStatus.CONFLICT,
    ErrorCode.ALREADY_VOTED: HTTPStatus.CONFLICT,
    ErrorCode.QUOTA_EXCEEDED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.TOO_MANY_PENDING: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.HUB_UNREACHABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.BUS_UNREACHABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    ErrorCode.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Refusal(Exception):
    """A "no" that its reader can act on. What raises it knows nothing of HTTP."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        advice: str,
        details: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice
        self.details = details
        self.retry_after_s = retry_after_s


class Error(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    code: ErrorCode
    message: str
    """What was found and what was expected."""
    advice: str
    """What to do next."""
    details: dict[str, Any] | None = None
    """What a program may need: the field, the existing request, the boards there are."""


class ErrorBody(msgspec.Struct, frozen=True):
    error: Error


def refuses(*codes: ErrorCode) -> dict[int, ResponseSpec]:
    """The OpenAPI declaration of a route that may answer with these."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(_STATUS[code].value, []).append(f"`{code}`")
    return {
        status: ResponseSpec(ErrorBody, description=", ".join(names), generate_examples=False)
        for status, names in by_status.items()
    }


# ── exceptions → refusals ────────────────────────────────────────────────────────────────────────


def _of_http_exception(fault: HTTPException, request: Request[Any, Any, State]) -> Refusal:
    match fault.status_code:
        case HTTPStatus.NOT_FOUND:
            return Refusal(
                ErrorCode.NOT_FOUND,
                f"There is nothing at {request.url.path}.",
                "Look at /api/openapi.json for everything this server answers to.",
            )
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return Refusal(
                ErrorCode.METHOD_NOT_ALLOWED,
                f"{request.url.path} does not take {request.method}.",
                "Look at /api/openapi.json for the methods it takes.",
            )
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Refusal(
                ErrorCode.TOO_LARGE, "The body is too large.", "Send a submission of a few lines."
            )
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait_s = int((fault.headers or {}).get("RateLimit-Reset", _RETRY_AFTER_S))
            return Refusal(
                ErrorCode.TOO_MANY_REQUESTS,
                "There have been more requests from you than this gateway takes in a minute.",
                f"Wait {wait_s} s; to follow something, read /api/v1/events instead of asking.",
                retry_after_s=wait_s,
            )
        case _:
            return Refusal(
                ErrorCode.BAD_REQUEST,
                fault.detail,
                "Look at /api/openapi.json for what is expected here.",
            )


def _of_validation(fault: ValidationException, request: Request[Any, Any, State]) -> Refusal:
    problem = fault.extra[0] if isinstance(fault.extra, list) and fault.extra else {}
    body = problem.get("source") == "body"
    key = str(problem.get("key", ""))
    # Litestar calls the body itself `data`, after the parameter that receives it.
    field = key.removeprefix("data").removeprefix(".")
    message = str(problem.get("message", fault.detail))
    if message == "'data'":
        message = "The body is empty"
    if not body:
        declared = request.route_handler.parsed_fn_signature.parameters.get(key)
        # Litestar goes by the names in the code, which may not be those in addresses.
        key = getattr(declared and declared.kwarg_definition, "name", None) or key
        if advice := advice_for(message, declared):
            given = request.query_params.get(key, request.path_params.get(key))
            return Refusal(
                ErrorCode.INVALID_REQUEST,
                f"`{key}` cannot be {given!r}.",
                advice,
                {"parameter": key},
            )
    path = f"$.{field}" if field else "$"
    where = path if body else f"query parameter `{key}`"
    return Refusal(
        ErrorCode.INVALID_REQUEST,
        f"{message} (at {where}).",
        "Correct it and send the request again; /api/openapi.json describes every field.",
        {"path": path} if body else {"parameter": key},
    )


def _of_malformed_json(fault: HTTPException) -> Refusal:
    return Refusal(
        ErrorCode.INVALID_REQUEST,
        f"The body is not JSON: {fault.detail}.",
        'Send a JSON object, such as {"model": "namespace/name"}.',
        {"path": "$"},
    )


def _of_fault(fault: Exception, request: Request[Any, Any, State]) -> Refusal:
    error_id = uuid4().hex
    log.error(
        "a request failed",
        error_id=error_id,
        method=request.method,
        path=request.url.path,
        exc_info=fault,
    )
    return Refusal(
        ErrorCode.INTERNAL_ERROR,
        "Something went wrong on our side.",
        f"Try again; if it stays, tell the operator this number: {error_id}.",
        {"error_id": error_id},
    )


def refusal_of(fault: Exception, request: Request[Any, Any, State]) -> Refusal:
    """What the client is told about any exception; what is not foreseen is logged and kept from
    them."""
    match fault:
        case Refusal():
            return fault
        case ValidationException():
            return _of_validation(fault, request)
        case HTTPException() if isinstance(fault.__cause__, SerializationException):
            return _of_malformed_json(fault)
        case HTTPException() if fault.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _of_http_exception(fault, request)
        case _:
            return _of_fault(fault, request)


def status_of(refusal: Refusal) -> int:
    return status_of_code(refusal.code)


def status_of_code(code: ErrorCode) -> int:
    return _STATUS[code].value


# ── refusals → HTTP ──────────────────────────────────────────────────────────────────────────────


def answer_error(request: Request[Any, Any, State], fault: Exception) -> Response[ErrorBody]:
    """As JSON."""
    refusal = refusal_of(fault, request)
    return Response(
        ErrorBody(
            Error(
                code=refusal.code,
                message=refusal.message,
                advice=refusal.advice,
                details=dict(refusal.details) if refusal.details else None,
            )
        ),
        media_type=MediaType.JSON,
        status_code=status_of(refusal),
        headers=headers_of(refusal, fault),
    )


def headers_of(refusal: Refusal, fault: Exception) -> dict[str, str]:
    """When to come again, and how to say who one is."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    elif status_of(refusal) == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_AFTER_S)
    elif status_of(refusal) == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(fault, HTTPException) and fault.headers:
        headers |= fault.headers
    return headers
