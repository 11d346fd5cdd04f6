"""Sign-in with this Hub for other sites: OAuth 2.0's authorization code with PKCE, then OpenID's
userinfo.

A user proves who they are with a token of `_tokens.json`. Codes and access tokens live in memory,
so they end with the process."""

import html
import time
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from localhub.errors import BadRequest, InvalidCredentials
from localhub.repos import Repositories
from localhub.responses import JSON
from localhub.settings import App, User

_CODE_S = 60
_ACCESS_S = 3600
_ASKED = ("client_id", "redirect_uri", "state", "scope", "code_challenge")


@dataclass(frozen=True)
class _Grant:
    user: User
    expires: float
    client_id: str = ""
    redirect_uri: str = ""
    challenge: str = ""


@dataclass(frozen=True)
class OAuth:
    repositories: Repositories
    _codes: dict[str, _Grant] = field(default_factory=dict)
    _access: dict[str, _Grant] = field(default_factory=dict)

    async def authorize(self, request: Request) -> Response:
        """GET asks who somebody is, POST takes the answer and sends the browser back."""
        form = await _form(request) if request.method == "POST" else {}
        asked = {name: form.get(name) or request.query_params.get(name, "") for name in _ASKED}
        app = self.repositories.apps().get(asked["client_id"])
        # Nobody is sent to an address that was not registered, not even with a refusal.
        if app is None or asked["redirect_uri"] not in app.redirect_uris:
            raise BadRequest("client_id and redirect_uri must stand together in _apps.json")
        if not asked["code_challenge"]:
            raise BadRequest("code_challenge is missing: PKCE with S256 is required")
        if request.method == "GET":
            return HTMLResponse(_page(asked))
        user = (self.repositories.users() or {}).get(form.get("token", ""))
        if user is None:
            raise InvalidCredentials
        code = token_urlsafe(32)
        self._codes[code] = _Grant(
            user,
            time.monotonic() + _CODE_S,
            asked["client_id"],
            asked["redirect_uri"],
            asked["code_challenge"],
        )
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", status_code=303)

    async def token(self, request: Request) -> Response:
        form = await _form(request)
        app = self.repositories.apps().get(form.get("client_id", ""))
        if app and app.client_secret and not _is_client(request, form["client_id"], app):
            return JSON({"error": "invalid_client"}, status_code=401)
        # Taken whatever follows: a code counts once.
        grant = self._codes.pop(form.get("code", ""), None)
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            grant is None
            or grant.expires < time.monotonic()
            or (grant.client_id, grant.redirect_uri)
            != (form.get("client_id"), form.get("redirect_uri"))
            or not compare_digest(grant.challenge, challenge)
        ):
            return JSON({"error": "invalid_grant"}, status_code=400)
        access = token_urlsafe(32)
        self._access[access] = _Grant(grant.user, time.monotonic() + _ACCESS_S)
        return JSON({"access_token": access, "token_type": "bearer", "expires_in": _ACCESS_S})

    def userinfo(self, request: Request) -> Response:
        _, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = self._access.get(token)
        if grant is None or grant.expires < time.monotonic():
            raise InvalidCredentials
        user = grant.user
        return JSON(
            {
                "sub": user.name,
                "name": user.fullname or user.name,
                "preferred_username": user.name,
                "orgs": [
                    {"sub": name, "name": name, "preferred_username": name}
                    for name in sorted(user.orgs)
                ],
            }
        )


def _is_client(request: Request, client_id: str, app: App) -> bool:
    expected = b64encode(f"{client_id}:{app.client_secret}".encode()).decode()
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "basic" and compare_digest(sent.encode(), expected.encode())


async def _form(request: Request) -> dict[str, str]:
    try:
        form = parse_qs((await request.body()).decode(), keep_blank_values=True)
    except UnicodeDecodeError as undecodable:
        raise BadRequest("the body must be a form in UTF-8") from undecodable
    return {name: values[0] for name, values in form.items()}


def _page(asked: dict[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in asked.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in · localhub</title>'
        '<link rel="icon" href="data:,">'
        f"<h1>Sign in to {html.escape(asked['client_id'])}</h1>"
        f'<form method="post" action="/oauth/authorize">{hidden}'
        '<label>Token <input name="token" type="password" autocomplete="off" autofocus></label> '
        "<button>Sign in</button></form>"
    )
