"""The life of a service process: health endpoints and SIGTERM."""

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvicorn

from runtime.logs import configure_logs
from runtime.loop_watch import watch_the_loop
from runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)


class Readiness:
    """What a service still waits for. Ready when everything named has been ticked off."""

    def __init__(self, *waits_for: str) -> None:
        self._waiting = set(waits_for)

    def done(self, what: str) -> None:
        self._waiting.discard(what)

    @property
    def missing(self) -> list[str]:
        return sorted(self._waiting)


def run_service(
    name: str,
    settings: ServiceSettings,
    main: Callable[[asyncio.Event], Awaitable[None]],
) -> None:
    """Run `main(stop)` until it returns; SIGTERM and SIGINT set `stop`, and `main` then has until
    its supervisor's patience ends to hand back what it holds."""
    if sys.argv[1:]:
        raise SystemExit(
            f"services.{name} takes no arguments, and was given {shlex.join(sys.argv[1:])}."
            " Settings are environment variables: docs/operations.md has them."
        )
    configure_logs(name, log_format=settings.log_format, log_level=settings.log_level)
    asyncio.run(_run(name, main))


async def _run(name: str, main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watch = asyncio.create_task(watch_the_loop())
    log.info("started")
    try:
        await main(stop)
    finally:
        watch.cancel()
    log.info("stopped")


async def cancel_until_done(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Until Python 3.12, `wait_for` swallows a cancellation that arrives together with its result,
    and nats-py waits with it: cancelling once is not enough."""
    tasks = list(tasks)
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=1)


@asynccontextmanager
async def health_endpoints(settings: ServiceSettings, readiness: Readiness) -> AsyncIterator[None]:
    """Serve `/livez` (the loop turns) and `/readyz` (503 with what is missing, else 200)."""
    if settings.health_port is None:
        yield
        return

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        missing = readiness.missing if scope["path"] == "/readyz" else []
        status = 404 if scope["path"] not in ("/livez", "/readyz") else 503 if missing else 200
        body = json.dumps({"ready": not missing, "missing": missing}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    server = uvicorn.Server(
        uvicorn.Config(
            answer,
            host=settings.health_host,
            port=settings.health_port,
            lifespan="off",
            log_config=None,
            access_log=False,
        )
    )
    # `_serve` is `serve` without its signal handlers, which would take ours away.
    serving = asyncio.create_task(server._serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
