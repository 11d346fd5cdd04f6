"""Changes that a page of another site makes its reader's browser ask for are refused."""

from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.enums import RequestEncodingType, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import Caller

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class CsrfMiddleware(ASGIMiddleware):
    """Stands behind the one that finds out who asks. A Hub token needs no protection: no page can
    make a browser send one. A session does, and so does whoever is believed without a name."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, address: str) -> None:
        """`address` is where browsers find the gateway."""
        self._host = urlsplit(address).netloc

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] not in READS:
            request: Request[Caller, None, Any] = Request(scope, receive)
            if request.user.csrf_token is not None:
                _check_token(await _sent_token(request), request.user.csrf_token)
            elif request.user.user is None:
                self._check_origin(request)
        await next_app(scope, receive, send)

    def _check_origin(self, request: Request[Caller, None, Any]) -> None:
        # Browsers send the first over HTTPS and to this machine alone, the second with every POST;
        # what is no browser sends neither.
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if site is not None:
            ours = site in ("same-origin", "none")
        else:
            hosts = (request.headers.get("Host"), self._host)
            ours = origin is None or urlsplit(origin).netloc in hosts
        if not ours:
            raise Refusal(
                ErrorCode.FORBIDDEN,
                "The request comes from a page of another site.",
                "Send it from this gateway's own page, or without a browser.",
            )


async def _sent_token(request: Request[Caller, None, Any]) -> str:
    """Scripts send it as a header, forms as a field."""
    if header := request.headers.get(HEADER):
        return header
    content_type, _ = request.content_type
    if content_type != RequestEncodingType.URL_ENCODED:
        return ""
    return str((await request.form()).get(FIELD, ""))


def _check_token(sent: str, expected: str) -> None:
    if not compare_digest(sent.encode(), expected.encode()):
        raise Refusal(
            ErrorCode.CSRF_TOKEN_WRONG,
            f"The header {HEADER} is {'wrong' if sent else 'missing'}: a browser that is signed in"
            " has to send it with every change.",
            "Take its value from `csrf_token` at /api/v1/me; on a page, load it again.",
        )
