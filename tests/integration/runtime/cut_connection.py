"""A way to nats-server that breaks at the worst moment."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


@asynccontextmanager
async def connection_losing(
    words: bytes, nats_url: str, *, until_told: bytes
) -> AsyncIterator[str]:
    """Another address of the server. Of the first connection there that sends `words` nothing
    arrives from these on, until the server has said `until_told` and the connection is cut. Later
    ones hold; at the end that must have happened."""
    server = urlsplit(nats_url)
    broken: asyncio.Task[None] | None = None
    was_cut = False
    connections: list[asyncio.Task[None]] = []

    async def pass_up(client: StreamReader, below: StreamWriter) -> None:
        nonlocal broken
        while data := await client.read(65536):
            if words in data and broken is None:
                broken = asyncio.current_task()
            if asyncio.current_task() is not broken:
                below.write(data)
                await below.drain()

    async def pass_down(above: StreamReader, client: StreamWriter, up: asyncio.Task[None]) -> None:
        nonlocal was_cut
        while data := await above.read(65536):
            client.write(data)
            await client.drain()
            if up is broken and until_told in data:
                was_cut = True
                return

    async def connect(source: StreamReader, sink: StreamWriter) -> None:
        above, below = await asyncio.open_connection(server.hostname, server.port)
        up = asyncio.create_task(pass_up(source, below))
        down = asyncio.create_task(pass_down(above, sink, up))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            for end in (below, sink):
                end.close()
                with suppress(ConnectionError):
                    await end.wait_closed()

    def begin(source: StreamReader, sink: StreamWriter) -> None:
        connections.append(asyncio.create_task(connect(source, sink)))

    listening = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
    assert was_cut
