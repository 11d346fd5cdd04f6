"""Signing in and out with a browser, and who somebody is here."""

import time
from secrets import compare_digest, token_urlsafe
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from services.gateway.dependencies import CallerDependency, HubSignInDependency
from services.gateway.http.errors import ErrorCode, Refusal, refuses
from services.gateway.identity import sessions
from services.gateway.identity.hub_sign_in import CALLBACK, HubSignIn, sign_in_failed
from services.gateway.identity.sessions import SigningIn


class Me(msgspec.Struct, frozen=True):
    """Who the caller is here."""

    name: str | None
    """As the Hub has proved it; null for somebody without a proof."""
    organisations: tuple[str, ...]
    moderator: bool
    open: bool
    """Whether this gateway takes submissions without a name."""
    can_sign_in: bool
    csrf_token: str | None
    """What a signed-in browser sends as `X-CSRF-Token` with every change; null otherwise."""


@get(
    "/api/v1/me",
    operation_id="whoAmI",
    tags=["sign-in"],
    responses=refuses(ErrorCode.TOKEN_INVALID, ErrorCode.HUB_UNREACHABLE),
)
async def who_am_i(caller: CallerDependency) -> Me:
    """Whom the token or the session of this request proves."""
    return Me(
        name=caller.name,
        organisations=tuple(sorted(caller.user.organisations)) if caller.user else (),
        moderator=caller.is_moderator,
        open=caller.access.open,
        can_sign_in=caller.access.can_sign_in,
        csrf_token=caller.csrf_token,
    )


@get("/sign-in", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def begin_sign_in(
    request: Request[Any, Any, Any],
    hub_sign_in: HubSignInDependency,
    then: FromQuery[str] = "/",
) -> Redirect:
    """`then` is the page to come back to."""
    hub = _required(hub_sign_in)
    attempt = SigningIn(token_urlsafe(32), token_urlsafe(64), _local(then), time.time())
    sessions.begin_signing_in(request, attempt)
    return Redirect(hub.address(attempt.state, attempt.verifier), status_code=HTTP_303_SEE_OTHER)


@get(CALLBACK, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def end_sign_in(
    request: Request[Any, Any, Any],
    hub_sign_in: HubSignInDependency,
    code: FromQuery[str | None] = None,
    # Litestar keeps the name `state` for itself.
    sent_state: Annotated[str, QueryParameter(name="state")] = "",
) -> Redirect:
    hub = _required(hub_sign_in)
    attempt = sessions.end_signing_in(request)
    if attempt is None or not compare_digest(sent_state.encode(), attempt.state.encode()):
        raise sign_in_failed("This browser has begun no such sign-in, or too long ago.")
    if code is None:
        raise sign_in_failed("The Hub has not confirmed who you are.")
    sessions.sign_in(request, await hub.user(code, attempt.verifier))
    return Redirect(attempt.then, status_code=HTTP_303_SEE_OTHER)


@post("/sign-out", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def sign_out(request: Request[Any, Any, Any]) -> Redirect:
    sessions.sign_out(request)
    return Redirect("/", status_code=HTTP_303_SEE_OTHER)


def _required(hub_sign_in: HubSignIn | None) -> HubSignIn:
    if hub_sign_in is None:
        raise Refusal(
            ErrorCode.NOT_FOUND,
            "Browsers cannot sign in here: this gateway is no application of the Hub.",
            "Send a Hub token as `Authorization: Bearer …`.",
        )
    return hub_sign_in


def _local(path: str) -> str:
    """Nobody is sent to another site; browsers read `//` and `/\\` as one, and skip line breaks."""
    ours = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()
    return path if ours else "/"
