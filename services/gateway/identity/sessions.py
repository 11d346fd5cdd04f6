"""What a browser's cookie holds: encrypted and signed, so that only a gateway can read or write it.
A Hub token never gets there."""

import time
from contextlib import suppress
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import SerializationException
from litestar.middleware import DefineMiddleware
from litestar.middleware.session import SessionMiddleware
from litestar.middleware.session.client_side import ClientSideSessionBackend, CookieBackendConfig

from services.gateway.identity.access import User

LONGEST_S = 12 * 3600
"""After this a browser signs in anew: who belongs to which organisation may have changed."""
SIGN_IN_WITHIN_S = 600
COOKIE = "podium-session"

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
    config = CookieBackendConfig(
        secret=sha256(secret.encode()).digest(),
        key=COOKIE,
        max_age=LONGEST_S,
        secure=secure,
        samesite="lax",
        exclude=["^/static/", "^/livez$", "^/readyz$"],
    )
    return DefineMiddleware(SessionMiddleware, backend=_Cookies(config))


class _Cookies(ClientSideSessionBackend):
    def load_data(self, data: list[bytes]) -> dict[str, Any]:
        # Litestar lets some of what strangers may put into a cookie through as an exception.
        with suppress(InvalidTag, SerializationException, ValueError, TypeError, KeyError):
            return super().load_data(data)
        return {}


def signed_in(connection: Connection) -> SignedIn | None:
    found = _content(connection).signed_in
    return found if found and time.time() - found.since < LONGEST_S else None


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
