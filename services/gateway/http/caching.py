"""Conditional requests: what is answered from VIEWS alone changes only when they do."""

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.middleware import ASGIMiddleware
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.state.store import ViewStore


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether the client has this already, by its `If-None-Match`. Tags are compared weakly
    (RFC 9110, 13.1.2): a proxy may have taken the `W/` away."""
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return etag.removeprefix("W/") in tags


class NotModifiedMiddleware(ASGIMiddleware):
    """Gives every 200 of its routes the store's version as ETag, and answers 304 while it holds."""

    def __init__(self, store: ViewStore) -> None:
        self._store = store

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        # Taken before the body is made: at worst the tag is older than the body, never newer.
        headers = {"ETag": f'W/"{self._store.version}"', "Cache-Control": "no-cache"}
        if is_known(headers["ETag"], Headers.from_scope(scope).get("If-None-Match", "")):
            await ASGIResponse(status_code=HTTP_304_NOT_MODIFIED, headers=headers)(
                scope, receive, send
            )
            return

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTP_200_OK:
                MutableScopeHeaders.from_message(message).update(headers)
            await send(message)

        await next_app(scope, receive, send_tagged)
