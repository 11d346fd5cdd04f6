"""Gateways as processes of their own, on free ports."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from nats.js import JetStreamContext

from contracts.base import View
from contracts.topology import VIEWS
from runtime.ports import free_port

TIMEOUT_S = 60.0


@dataclass
class RunningGateway:
    url: str
    process: asyncio.subprocess.Process
    log: Path

    async def until(self, path: str, holds: Callable[[httpx.Response], bool]) -> None:
        """Returns once what is at `path` is as `holds` wants it."""
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT_S) as http,
        ):
            while True:
                with suppress(httpx.TransportError):
                    if holds(await http.get(path)):
                        return
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.02)

    async def until_ready(self) -> None:
        await self.until("/readyz", lambda answer: answer.is_success)

    async def end(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(TIMEOUT_S):
            return await self.process.wait()


@asynccontextmanager
async def started_gateway(
    nats_url: str, hub_url: str, folder: Path, **settings: str
) -> AsyncIterator[RunningGateway]:
    """Yields at once; `until_ready` waits. Kills what is left at the end."""
    port = free_port()
    log = folder / f"gateway-{port}.log"
    environment = {
        "NATS_URL": nats_url,
        "HF_ENDPOINT": hub_url,
        "GATEWAY_PORT": str(port),
        "GATEWAY_HUB_TIMEOUT_S": "20",
        "GATEWAY_OPEN": "true",
        "GATEWAY_REQUESTS_PER_MINUTE": "100000",
    }
    with log.open("wb") as log_file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.gateway"),
            env=os.environ | environment | settings,
            stdout=log_file,
            stderr=asyncio.subprocess.STDOUT,
        )
    gateway = RunningGateway(f"http://127.0.0.1:{port}", process, log)
    try:
        yield gateway
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def show(js: JetStreamContext, *views: View) -> None:
    """Publish views as the aggregator does."""
    for view in views:
        await js.publish(view.subject(), view.model_dump_json().encode(), stream=VIEWS.name)


async def take_away(js: JetStreamContext, view: View) -> None:
    await js.publish(view.subject(), b"", stream=VIEWS.name)
