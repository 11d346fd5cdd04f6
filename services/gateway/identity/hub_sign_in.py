"""Sign-in with the Hub: OAuth 2.0's authorization code with PKCE, then OpenID's userinfo."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlencode

import httpx2
import msgspec
import structlog

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import User

log = structlog.get_logger(__name__)

CALLBACK = "/sign-in/callback"


class _Token(msgspec.Struct, frozen=True):
    access_token: str


class _Organisation(msgspec.Struct, frozen=True):
    preferred_username: str


class _UserInfo(msgspec.Struct, frozen=True):
    preferred_username: str
    orgs: list[_Organisation] = []


class HubSignIn:
    """One registered application of the Hub. Without a secret it is a public one."""

    def __init__(
        self,
        hub_url: str,
        *,
        client_id: str,
        client_secret: str | None,
        public_url: str,
        timeout_s: float,
    ) -> None:
        self._hub_url = hub_url.rstrip("/")
        self._client_id = client_id
        self._auth = (
            httpx2.BasicAuth(client_id, client_secret)
            if client_secret
            else httpx2.USE_CLIENT_DEFAULT
        )
        self._redirect_uri = public_url.rstrip("/") + CALLBACK
        self._timeout_s = timeout_s

    def address(self, state: str, verifier: str) -> str:
        """Where the browser goes to be asked who it is."""
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid profile",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._hub_url}/oauth/authorize?{urlencode(query)}"

    async def user(self, code: str, verifier: str) -> User:
        """Raises Refusal when the Hub does not take the code, or does not answer."""
        try:
            async with httpx2.AsyncClient(base_url=self._hub_url, timeout=self._timeout_s) as hub:
                token = await self._token(hub, code, verifier)
                answer = await hub.get(
                    "/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}
                )
                answer.raise_for_status()
                info = msgspec.json.decode(answer.content, type=_UserInfo)
        except (httpx2.HTTPError, msgspec.DecodeError) as fault:
            # The fault's text may quote an address, and with it a code; its kind says enough.
            log.warning("the Hub signed nobody in", hub=self._hub_url, error=type(fault).__name__)
            raise Refusal(
                ErrorCode.HUB_UNREACHABLE,
                f"The Hub at {self._hub_url} did not say who you are.",
                "Sign in again in a moment.",
            ) from None
        organisations = frozenset(each.preferred_username for each in info.orgs)
        return User(info.preferred_username, organisations)

    async def _token(self, hub: httpx2.AsyncClient, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._client_id,
            "code_verifier": verifier,
        }
        answer = await hub.post("/oauth/token", data=form, auth=self._auth)
        if answer.is_client_error:
            log.info("a sign-in was refused by the Hub", status=answer.status_code)
            raise sign_in_failed("The Hub does not take the code that it sent your browser with.")
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=_Token).access_token


def sign_in_failed(why: str) -> Refusal:
    return Refusal(ErrorCode.SIGN_IN_FAILED, why, "Begin again at /sign-in.")
