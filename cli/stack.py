"""A whole Podium on one machine: nats-server and every service, under one supervisor."""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from runtime.boards import load_boards, write_boards
from runtime.bus import connect
from runtime.embedded_nats import NatsServer
from runtime.ports import free_port
from runtime.processes import ChildProcess, Supervisor
from runtime.topology import ensure_topology

_CONNECT_S = 15.0


class StackError(Exception):
    """A stack that cannot be run as it was asked for; with what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True)
class StackOptions:
    """What distinguishes one stack from another."""

    data: Path
    """Holds the streams, the logs and the evaluator's downloads; survives restarts."""
    hub: str | Path
    """URL of a Hub, or a folder that a localhub serves."""
    boards: Path
    limit: int | None = None
    """Documents per lm-eval task, for trials; None leaves it to each board."""
    host: str = "127.0.0.1"
    port: int = 8000
    open: bool = True
    """Whoever reaches the page may submit, without signing in."""
    evaluators: int = 1
    """Evaluator processes; each takes one job at a time."""
    nats_url: str | None = None
    """A nats-server that runs already; None starts one on the data folder."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Settings for the services, by the names of their environment variables."""


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    url: str
    nats_url: str
    logs: Path
    supervisor: Supervisor


@asynccontextmanager
async def running_stack(options: StackOptions) -> AsyncIterator[Stack]:
    """Start everything, yield when the gateway answers, and end everything in order. A later start
    on the same folder goes on where this one was. Raises InvalidBoardError before anything starts,
    and StackError when something else is wrong with `options`."""
    with _exclusive(options.data):
        boards = _boards(options)
        supervisor = Supervisor()
        try:
            nats_url = options.nats_url or await _start_nats(supervisor, options)
            await _apply_topology(nats_url)
            hub_url = await _start_hub(supervisor, options)
            shared = {
                "NATS_URL": nats_url,
                "HF_ENDPOINT": hub_url,
                "PODIUM_BOARDS": str(boards),
                **options.environment,
            }
            probes = {}
            for name in ("aggregator", "validator"):
                port = free_port()
                health = {f"{name.upper()}_HEALTH_PORT": str(port)}
                await supervisor.start(_service(name, name, options, shared | health))
                probes[name] = f"http://127.0.0.1:{port}/readyz"
            # Nobody waits for the evaluators, which import torch for ten seconds: jobs do.
            for number in range(1, options.evaluators + 1):
                named = {"EVALUATOR_NAME": f"{os.uname().nodename}-{number}"}
                await supervisor.start(
                    _service("evaluator", f"evaluator-{number}", options, shared | named)
                )
            url = f"http://{options.host}:{options.port}"
            address = {
                "GATEWAY_HOST": options.host,
                "GATEWAY_PORT": str(options.port),
                "GATEWAY_OPEN": str(options.open).lower(),
            }
            await supervisor.start(_service("gateway", "gateway", options, shared | address))
            for name, probe in (probes | {"gateway": f"{url}/readyz"}).items():
                await _until_ready(name, probe, options)
            yield Stack(url, nats_url, options.data / "logs", supervisor)
        finally:
            await supervisor.stop()


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = (folder / "lock").open("a+")
    except OSError as fault:
        raise StackError(
            f"{folder} cannot keep the board: {fault.strerror}.", "Give another folder with --data."
        ) from fault
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise StackError(
                f"Another Podium runs on {folder}.",
                "Stop it, or give another folder with --data.",
            ) from taken
        yield


def _boards(options: StackOptions) -> Path:
    """Where the services find the boards. No service would start on one that is not valid."""
    boards = load_boards(options.boards)
    if options.limit is None:
        return options.boards
    folder = options.data / "boards"
    limit = {"limit": options.limit}
    write_boards((board.model_copy(update=limit) for board in boards.values()), folder)
    return folder


async def _start_nats(supervisor: Supervisor, options: StackOptions) -> str:
    server = NatsServer(options.data / "nats", port=free_port())
    log_file = _log_file("nats-server", options)
    await supervisor.start(ChildProcess("nats-server", server.command(), log_file))
    await _until_listening(server.port, log_file)
    return f"nats://127.0.0.1:{server.port}"


async def _apply_topology(nats_url: str) -> None:
    try:
        async with asyncio.timeout(_CONNECT_S):
            client = await connect(nats_url, name="podium up")
    except TimeoutError as silence:
        raise StackError(
            f"No nats-server answers at {nats_url}.",
            "Start it, or leave out --nats and NATS_URL to have one started here.",
        ) from silence
    await ensure_topology(client.jetstream())
    await client.close()


async def _start_hub(supervisor: Supervisor, options: StackOptions) -> str:
    if isinstance(options.hub, str):
        return options.hub
    if not options.hub.is_dir():
        raise StackError(
            f"There is no folder {options.hub} to serve as a Hub.",
            "Give a URL, or a folder as docs/localhub.md describes it.",
        )
    port = free_port()
    command = [sys.executable, "-m", "localhub", str(options.hub), "--port", str(port)]
    await supervisor.start(ChildProcess("localhub", command, _log_file("localhub", options)))
    url = f"http://127.0.0.1:{port}"
    await _until_ready("localhub", f"{url}/livez", options)
    return url


def _service(
    service: str, name: str, options: StackOptions, environment: Mapping[str, str]
) -> ChildProcess:
    return ChildProcess(
        name,
        [sys.executable, "-m", f"services.{service}"],
        _log_file(name, options),
        environment,
    )


def _log_file(name: str, options: StackOptions) -> Path:
    return options.data / "logs" / f"{name}.log"


async def _until_listening(port: int, log_file: Path) -> None:
    with _said_when_late("nats-server", log_file):
        async with asyncio.timeout(30):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.02)


async def _until_ready(name: str, url: str, options: StackOptions) -> None:
    with _said_when_late(name, _log_file(name, options)):
        async with asyncio.timeout(120), httpx.AsyncClient(timeout=2) as client:
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(url)).is_success:
                        return
                await asyncio.sleep(0.1)


@contextmanager
def _said_when_late(name: str, log_file: Path) -> Iterator[None]:
    try:
        yield
    except TimeoutError as late:
        raise StackError(f"{name} does not become ready.", f"Its log: {log_file}") from late
