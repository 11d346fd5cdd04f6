"""HEAD is answered wherever GET is: what a link checker, a proxy or `curl -I` asks for."""

from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseBodyEvent, Receive, Scope, Send

_NOTHING: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"", "more_body": False}


def answer_head(app: ASGIApp) -> ASGIApp:
    """The headers that GET would be answered with, and nothing else."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return
        answered = False

        async def receive_until_answered() -> Any:
            # Streams that never end do so once their client has gone away.
            return {"type": "http.disconnect"} if answered else await receive()

        async def send_headers(message: Any) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                await send(message)
                await send(_NOTHING)
                answered = True

        asked: Any = {**scope, "method": "GET"}
        await app(asked, receive_until_answered, send_headers)

    return answering
