"""Finds out who asks, before any route runs."""

from typing import cast

from litestar.enums import ScopeType
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, HTTPScope

from contracts.views import Policy
from services.gateway.http.csrf import READS
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import Access, Caller, User
from services.gateway.identity.sessions import Connection, signed_in
from services.gateway.identity.tokens import TokenProofs
from services.gateway.state.store import ViewStore


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
        caller = await self._caller(connection)
        if caller.user and cast(HTTPScope, connection.scope)["method"] not in READS:
            _check_ban(caller.user, self._store.policy)
        return AuthenticationResult(caller, None)

    async def _caller(self, connection: Connection) -> Caller:
        authorization = connection.headers.get("Authorization")
        if authorization is not None:
            return Caller(self._access, await self._proofs.user_of(_bearer(authorization)))
        if session := signed_in(connection):
            return Caller(self._access, session.user, session.csrf)
        return Caller(self._access)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(
            ErrorCode.TOKEN_INVALID,
            "The header Authorization holds no bearer token.",
            "Send `Authorization: Bearer` and a token of the Hub.",
        )
    return token.strip()


def _check_ban(user: User, policy: Policy) -> None:
    for ruling in policy.banned:
        if user.name.casefold() == ruling.name.casefold():
            raise Refusal(
                ErrorCode.BANNED,
                f"Moderators decided on {ruling.at:%Y-%m-%d} that {user.name} may change nothing"
                f" here: {ruling.reason}",
                "Ask one of the moderators.",
            )
