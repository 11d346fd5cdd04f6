"""What went wrong, for somebody who reads pages: in the frame of the others, with ways on."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.response import Template

from contracts.board import Board
from services.gateway.http.errors import (
    ErrorBody,
    ErrorCode,
    Refusal,
    answer_error,
    headers_of,
    refusal_of,
    status_of,
)
from services.gateway.identity.access import Caller
from services.gateway.pages.visit import any_board, frame
from services.gateway.state.store import ViewStore

_TITLES = {
    HTTPStatus.BAD_REQUEST: "That did not work",
    HTTPStatus.UNAUTHORIZED: "Sign in first",
    HTTPStatus.FORBIDDEN: "Not yours to do",
    HTTPStatus.NOT_FOUND: "Nothing stands here",
    HTTPStatus.METHOD_NOT_ALLOWED: "Not this way",
    HTTPStatus.CONFLICT: "Not as things stand",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Too much at once",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That cannot be read",
    HTTPStatus.TOO_MANY_REQUESTS: "Too much for now",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Our fault",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now",
}
_PASSING = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
_NAMELESS = {ErrorCode.SIGN_IN_REQUIRED, ErrorCode.TOKEN_INVALID, ErrorCode.SIGN_IN_FAILED}
# Their advice is for whoever writes a program.
_ADVICE = {
    ErrorCode.NOT_FOUND: "The address may be mistyped, or what stood here may be gone.",
    ErrorCode.SIGN_IN_REQUIRED: "Sign in with the Hub, and you come back to this page.",
}

Answer = Response[ErrorBody] | Template


def answering_errors(
    store: ViewStore,
) -> Callable[[Request[Any, Any, State], Exception], Answer]:
    """Pages for browsers that ask for one, JSON for everybody else."""

    def answer(request: Request[Any, Any, State], fault: Exception) -> Answer:
        if request.url.path.startswith("/api/") or not _wants_html(request):
            return answer_error(request, fault)
        refusal = refusal_of(fault, request)
        status = HTTPStatus(status_of(refusal))
        # What fails before anybody was asked who they are has no caller.
        caller = request.scope.get("user")
        board = _board_at(request.url.path, store)
        context = {
            "title": _TITLES.get(status, status.phrase),
            "status": status.value,
            "message": refusal.message,
            "advice": _advice(refusal, caller),
            "ways": tuple(_ways(refusal, status, request, caller)),
        }
        return Template(
            "error.html",
            context=frame(store, board, request.url.path, caller) | context,
            status_code=status,
            headers=headers_of(refusal, fault),
        )

    return answer


def _wants_html(request: Request[Any, Any, State]) -> bool:
    return request.accept.best_match([MediaType.JSON, MediaType.HTML]) == MediaType.HTML


def _board_at(path: str, store: ViewStore) -> Board | None:
    _, _, rest = path.partition("/boards/")
    return store.boards.get(rest.partition("/")[0]) or any_board(store)


def _can_sign_in(caller: Caller | None) -> bool:
    return caller is not None and caller.access.can_sign_in


def _advice(refusal: Refusal, caller: Caller | None) -> str:
    if refusal.code is ErrorCode.SIGN_IN_REQUIRED and not _can_sign_in(caller):
        return refusal.advice
    return _ADVICE.get(refusal.code, refusal.advice)


def _ways(
    refusal: Refusal, status: HTTPStatus, request: Request[Any, Any, State], caller: Caller | None
) -> Iterator[tuple[str, str]]:
    """Label and address; the first is the likeliest."""
    path = request.url.path
    # The address of a form can be sent to and not looked at; its page is one step above.
    here = path if request.method == "GET" else path.rpartition("/")[0] or "/"
    if refusal.code in _NAMELESS and _can_sign_in(caller):
        then = "/" if refusal.code is ErrorCode.SIGN_IN_FAILED else here
        yield "Sign in", f"/sign-in?then={quote(then)}"
    if request.method != "GET":
        yield "Go back", here
    elif status in _PASSING:
        yield "Try again", f"{path}?{request.url.query}" if request.url.query else path
    elif status is HTTPStatus.UNPROCESSABLE_ENTITY and request.url.query:
        yield "Open the page without it", path
    yield "Go to the board", "/"
