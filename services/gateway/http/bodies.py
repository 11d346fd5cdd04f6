"""A refusal reaches its client, also one that was decided before the body was read: a server that
answers and leaves the rest unread resets the connection, often before the client has the answer."""

import asyncio
from contextlib import suppress
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_MOST_BYTES = 256 * 1024
_PATIENCE_S = 1.0


def read_to_the_end(app: ASGIApp) -> ASGIApp:
    """Takes what is left of a body before the answer begins, unless that is a lot or slow."""

    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await app(scope, receive, send)
            return
        body = _Body(receive)

        async def send_after_reading(message: Any) -> None:
            if message["type"] == "http.response.start":
                await body.read_what_is_left()
            await send(message)

        await app(scope, body.receive, send_after_reading)

    return reading


class _Body:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_read = False

    async def receive(self) -> Any:
        message: Any = await self._receive()
        self._is_read = not message.get("more_body", False)
        return message

    async def read_what_is_left(self) -> None:
        left = _MOST_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while not self._is_read and left > 0:
                    left -= len((await self.receive()).get("body", b""))
