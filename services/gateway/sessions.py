"""What a browser's cookie holds: encrypted and signed, so that only a gateway can read or write it.
A Hub token never gets there."""

import time
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.middleware import DefineMiddleware
from litestar.middleware.session.client_side import CookieBackendConfig

from services.gateway.access import User
from services.gateway.errors import ErrorCode, Refusal

LONGEST_S = 12 * 3600
"""After this a browser signs in anew: who belongs to which organisation may have changed."""
SIGN_IN_WITHIN_S = 600
CSRF_HEADER = "X-CSRF-Token"

Connection = ASGIConnection[Any, Any, Any, Any]


class SignedIn(msgspec.Struct, frozen=True):
    name: str
    organisations: list[str]
    since: float
    csrf: str

    @property
    def user(self) -> User:
        return User(self.name, frozenset(self.organisations))


class SigningIn(msgspec.Struct, frozen=True):
    """Between the way to the Hub and the way back."""

    state: str
    verifier: str
    """PKCE's code verifier."""
    then: str
    """Path of the page to go to afterwards."""
    since: float


class _Content(msgspec.Struct, frozen=True):
    signed_in: SignedIn | None = None
    signing_in: SigningIn | None = None


def session_cookies(secret: str, *, secure: bool) -> DefineMiddleware:
    return CookieBackendConfig(
        secret=sha256(secret.encode()).digest(),
        key="podium-session",
        max_age=LONGEST_S,
        secure=secure,
        samesite="lax",
        exclude=["^/static/", "^/livez$", "^/readyz$"],
    ).middleware


def signed_in(connection: Connection) -> SignedIn | None:
    found = _content(connection).signed_in
    return found if found and time.time() - found.since < LONGEST_S else None


def check_csrf(connection: Connection, session: SignedIn) -> None:
    """Raises Refusal for a request that a page elsewhere may have made the browser send."""
    sent = connection.headers.get(CSRF_HEADER, "")
    if not compare_digest(sent.encode(), session.csrf.encode()):
        raise Refusal(
            ErrorCode.CSRF_TOKEN_WRONG,
            f"The header {CSRF_HEADER} is {'wrong' if sent else 'missing'}: a browser that is"
            " signed in has to send it with every change.",
            "Take its value from `csrf_token` at /api/v1/me.",
        )


def begin_signing_in(request: Request[Any, Any, Any], attempt: SigningIn) -> None:
    _write(request, _Content(signing_in=attempt))


def end_signing_in(request: Request[Any, Any, Any]) -> SigningIn | None:
    """The attempt that this browser began last, once: it is forgotten at once."""
    attempt = _content(request).signing_in
    request.clear_session()
    return attempt if attempt and time.time() - attempt.since < SIGN_IN_WITHIN_S else None


def sign_in(request: Request[Any, Any, Any], user: User) -> None:
    session = SignedIn(user.name, sorted(user.organisations), time.time(), token_urlsafe(32))
    _write(request, _Content(signed_in=session))


def sign_out(request: Request[Any, Any, Any]) -> None:
    request.clear_session()


def _content(connection: Connection) -> _Content:
    try:
        return msgspec.convert(connection.session, _Content)
    except msgspec.ValidationError:  # another version of the gateway has written it
        return _Content()


def _write(request: Request[Any, Any, Any], content: _Content) -> None:
    request.set_session(msgspec.to_builtins(content))
