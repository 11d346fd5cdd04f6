"""Finds out who asks, before any route runs."""

from typing import cast

from litestar.enums import ScopeType
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, HTTPScope

from contracts.views import Policy
from services.gateway.access import Access, Caller, User
from services.gateway.errors import ErrorCode, Refusal
from services.gateway.sessions import Connection, check_csrf, signed_in
from services.gateway.store import ViewStore
from services.gateway.tokens import TokenProofs

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class CallerMiddleware(AbstractAuthenticationMiddleware):
    """Puts a Caller where Litestar keeps the user. A proof that does not hold is refused, also
    where none is needed: whoever sends one wants to be known."""

    def __init__(
        self, app: ASGIApp, *, access: Access, proofs: TokenProofs, store: ViewStore
    ) -> None:
        super().__init__(
            app, exclude=["^/static/", "^/livez$", "^/readyz$"], scopes={ScopeType.HTTP}
        )
        self._access = access
        self._proofs = proofs
        self._store = store

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        user = await self._user(connection)
        if user and _changes(connection):
            _check_ban(user, self._store.policy)
        return AuthenticationResult(Caller(self._access, user), None)

    async def _user(self, connection: Connection) -> User | None:
        authorization = connection.headers.get("Authorization")
        if authorization is not None:
            return await self._proofs.user_of(_bearer(authorization))
        if session := signed_in(connection):
            if _changes(connection):
                check_csrf(connection, session)
            return session.user
        if _changes(connection) and self._access.open:
            _check_origin(connection)
        return None


def _changes(connection: Connection) -> bool:
    return cast(HTTPScope, connection.scope)["method"] not in _READS


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(
            ErrorCode.TOKEN_INVALID,
            "The header Authorization holds no bearer token.",
            "Send `Authorization: Bearer` and a token of the Hub.",
        )
    return token.strip()


def _check_origin(connection: Connection) -> None:
    # An open gateway believes whoever reaches it, and any page reaches it through its reader's
    # browser; browsers say so, and nobody else sends this header.
    if connection.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise Refusal(
            ErrorCode.FORBIDDEN,
            "The request comes from a page of another site.",
            "Send it from this gateway's own page, or without a browser.",
        )


def _check_ban(user: User, policy: Policy) -> None:
    for ruling in policy.banned:
        if user.name.casefold() == ruling.name.casefold():
            raise Refusal(
                ErrorCode.BANNED,
                f"Moderators decided on {ruling.at:%Y-%m-%d} that {user.name} may change nothing"
                f" here: {ruling.reason}",
                "Ask one of the moderators.",
            )
