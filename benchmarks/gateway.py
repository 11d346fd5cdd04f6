"""What reading a board costs: pages, searches and live changes, from one gateway process.

    python -m benchmarks.gateway                     3,827 rows
    python -m benchmarks.gateway --rows 1000000      a million; the bounds of a large board hold

Starts nats-server, fills VIEWS without waiting for the disk, and starts a gateway on what is there.
Measures with wrk (Debian: `apt-get install wrk`), which has the last core to itself; the same page
from FastAPI with pydantic follows in the same run. Exits with 1 when a bound is missed."""

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path

import httpx
import torch
from nats.aio.client import Client
from nats.js import JetStreamContext

from benchmarks.board_rows import row, rows
from benchmarks.machine import describe
from benchmarks.wrk import load, needs_wrk, new_searches, off_the_last_core
from contracts.topology import VIEWS
from runtime.boards import examine_board
from runtime.bus import connect
from runtime.embedded_nats import NatsServer
from runtime.ports import free_port
from runtime.processes import ChildProcess, Supervisor
from runtime.settings import REPOSITORY
from runtime.topology import ensure_topology
from tests.integration.gateway.gateways import RunningGateway, started_gateway
from tests.waiting import until_answered

PACKAGES = ("polars", "msgspec", "litestar", "granian", "zstandard", "fastapi", "uvicorn")
ENTRIES = "/api/v1/boards/open-llm-v2/entries"
LARGE = 100_000
_AT_ONCE = 5_000
"""Half of what nats-server holds for a stream before it drops messages."""
_SEARCHES = tuple(
    search.format(word=word, family=family, size=size)
    for word in ("instruct", "dpo", "slerp", "coder", "math")
    for family in ("llama", "qwen2", "mistral", "gemma")
    for size in (1, 3, 7, 13, 70)
    for search in (
        "{word}; {size}b",
        "@architecture:{family} @license:apache",
        "{family}-(1|7|70)b.*{size}$",
        "{family} @architecture:llama; {size}b @license:mit",
        "-{word} @params:<{size} @average:>{size}",
        "@submitted:>2024-08 {word}",
    )
)
HARD_SEARCHES = {
    "(a+)+$": "(a+)+$",
    "10 kB": f"({'a|' * 5000}b)",
    "10 kB that is decoded first": "(" * 5000 + ")" * 5000,
    "[": "[",
    "nested 120 deep": "(" * 120 + "a" + ")*" * 120,
    "repeated repetitions": "((a{1,30}){1,30}){1,30}",
    "200 terms": " ".join(f"w{place}" for place in range(200)),
    "32 terms": " ".join(f"-w{place}" for place in range(32)),
    "8 patterns": "; ".join(f"(a|b|c)+{place}.*x$" for place in range(8)),
    "NUL bytes": "a\x00b @license:\x00",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u202e(\u0645|\u0631)+",
}


@dataclass(frozen=True)
class Bound:
    what: str
    found: float
    most: float
    unit: str

    @property
    def holds(self) -> bool:
        return self.found <= self.most

    def __str__(self) -> str:
        verdict = "ok" if self.holds else "MISSED"
        return f"{verdict:>7}  {self.what}: {self.found:,.1f} {self.unit} (at most {self.most:,g})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=3827)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement with wrk")
    parser.add_argument("--changes", type=int, default=500, help="at 100 a second")
    options = parser.parse_args()
    needs_wrk()
    print(describe(torch.device("cpu"), PACKAGES))
    with tempfile.TemporaryDirectory(prefix="podium-gateway-") as folder:
        bounds = asyncio.run(measure(Path(folder), options))
    print(*bounds, sep="\n")
    sys.exit(0 if all(bound.holds for bound in bounds) else 1)


async def measure(folder: Path, options: argparse.Namespace) -> list[Bound]:
    await fill(folder / "nats", options.rows)
    server = NatsServer(folder / "nats")
    process = server.start()
    try:
        # Reading back what it holds takes nats-server a moment for a million rows.
        nats_url = server.wait_until_ready(process, timeout_s=120)
        client = await connect(nats_url, name="benchmark")
        settings = {"GATEWAY_REQUESTS_PER_MINUTE": "1000000000"}
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            with off_the_last_core():
                starting = started_gateway(nats_url, "http://127.0.0.1:9", folder, **settings)
                gateway = await stack.enter_async_context(starting)
            http = httpx.AsyncClient(base_url=gateway.url, timeout=120)
            await stack.enter_async_context(http)
            await until_answered(partial(answers, http), timeout_s=600)
            ready_s = time.monotonic() - began
            bounds = [
                Bound("from start on a filled store to the first page", ready_s, 60, "s"),
                *await measure_pages(gateway, http, folder, options),
                *await measure_searches(gateway, folder, options),
                await measure_hard_searches(http),
                await measure_changes(client, gateway, options),
                Bound("most memory", most_memory_mib(gateway), 2560, "MiB"),
            ]
        await client.close()
        return bounds
    finally:
        process.terminate()
        process.wait()


async def fill(folder: Path, count: int) -> None:
    """With a server that leaves syncing to the system. Raises TimeoutError when rows get lost."""
    board = examine_board(REPOSITORY / "boards" / "open-llm-v2.yaml").board
    assert board
    server = NatsServer(folder, sync_interval="2m")
    process = server.start()
    try:
        client = await connect(server.wait_until_ready(process), name="benchmark")
        js = client.jetstream()
        await ensure_topology(js)
        await client.publish(board.subject(), board.model_dump_json().encode())
        for place, (subject, body) in enumerate(rows(count), start=1):
            await client.publish(subject, body)
            if place % _AT_ONCE == 0 or place == count:
                await until_answered(partial(has_stored, js, place + 1), timeout_s=60)
            if place % 100_000 == 0:
                print(f"  {place:,} rows written")
        await client.close()
    finally:
        process.terminate()
        process.wait()


async def has_stored(js: JetStreamContext, count: int) -> bool:
    return (await js.stream_info(VIEWS.name)).state.messages >= count


async def answers(http: httpx.AsyncClient) -> bool:
    try:
        if not (await http.get("/readyz")).is_success:
            return False
        return (await http.get(ENTRIES)).is_success
    except httpx.TransportError:
        return False


async def measure_pages(
    gateway: RunningGateway, http: httpx.AsyncClient, folder: Path, options: argparse.Namespace
) -> list[Bound]:
    page = await http.get(ENTRIES)
    file = folder / "page.json"
    file.write_bytes(page.content)
    known = f"If-None-Match: {page.headers['ETag']}"
    here = await load(gateway.url + ENTRIES, seconds=options.seconds)
    unchanged = await load(gateway.url + ENTRIES, known, seconds=options.seconds)
    there = await pydantic_requests_per_second(file, folder, options.seconds)
    print(
        f"the default page, at hand: {here.per_second:,.0f} requests/s;"
        f" unchanged (304): {unchanged.per_second:,.0f};"
        f" FastAPI with pydantic: {there:,.0f}; ratio {here.per_second / there:,.1f}"
    )
    return [Bound("time for a page at hand", 1e6 / here.per_second, 1e6 / 15_000, "µs")]


async def pydantic_requests_per_second(page: Path, folder: Path, seconds: int) -> float:
    port = free_port()
    url = f"http://127.0.0.1:{port}/entries"
    command = [sys.executable, "-m", "benchmarks.pydantic_board", str(port), str(page)]
    log = folder / "peer.log"
    supervisor = Supervisor()
    try:
        with off_the_last_core():
            await supervisor.start(ChildProcess("peer", command, log))
        async with httpx.AsyncClient() as http:
            await until_answered(partial(is_up, http, url), timeout_s=60)
        return (await load(url, seconds=seconds)).per_second
    except TimeoutError as fault:
        raise RuntimeError(f"the peer did not start:\n{log.read_text()}") from fault
    finally:
        await supervisor.stop()


async def is_up(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


async def measure_searches(
    gateway: RunningGateway, folder: Path, options: argparse.Namespace
) -> list[Bound]:
    """One after the other. The first ones, after which all code has run once, do not count."""
    taken = []
    for first, seconds in ((0, 1), (10**9, options.seconds)):
        script = new_searches(_SEARCHES, ENTRIES, first, folder / "searches.lua")
        taken.append(await load(gateway.url, connections=1, seconds=seconds, script=script))
    measured = taken[-1]
    p50_ms, p99_ms = measured.p50_s * 1e3, measured.p99_s * 1e3
    print(f"new searches: {measured.per_second:,.0f} a second; half of them within {p50_ms:.1f} ms")
    if options.rows >= LARGE:
        return [Bound("a new search, p99", p99_ms, 150, "ms")]
    return [
        Bound("a new search, p50", p50_ms, 3, "ms"),
        Bound("a new search, p99", p99_ms, 10, "ms"),
    ]


async def measure_hard_searches(http: httpx.AsyncClient) -> Bound:
    slowest = 0.0
    for name, search in HARD_SEARCHES.items():
        began = time.perf_counter()
        answer = await http.get(ENTRIES, params={"search": search})
        taken = time.perf_counter() - began
        if answer.status_code >= 500:
            raise RuntimeError(f"{name}: {answer.text}")
        print(f"  {name}: {answer.status_code} in {taken * 1e3:,.1f} ms")
        slowest = max(slowest, taken)
    return Bound("the slowest of hard searches", slowest * 1e3, 200, "ms")


async def measure_changes(
    client: Client, gateway: RunningGateway, options: argparse.Namespace
) -> Bound:
    """From the publish of an entry to its event in a reader's stream, while 100 a second change."""
    published: dict[str, float] = {}
    delays: list[float] = []
    async with httpx.AsyncClient(base_url=gateway.url, timeout=60) as http:
        version = (await http.get(ENTRIES)).headers["Podium-Board-Version"]
        async with http.stream("GET", f"/api/v1/events?since={version}") as stream:
            reading = asyncio.create_task(read_changes(stream, published, delays, options.changes))
            for place in range(options.changes):
                due = asyncio.get_running_loop().time() + 0.01
                subject, body = row(place % options.rows, shift=0.01 + place / 1000)
                published[json.loads(body)["repo_id"]] = time.perf_counter()
                await client.publish(subject, body)
                await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0))
            async with asyncio.timeout(60):
                await reading
    return Bound("from a change to its reader, p99", at(delays, 0.99) * 1e3, 200, "ms")


async def read_changes(
    stream: httpx.Response, published: dict[str, float], delays: list[float], count: int
) -> None:
    async for line in stream.aiter_lines():
        if line.startswith("data:") and '"repo_id"' in line:
            name = json.loads(line.removeprefix("data:"))["repo_id"]
            if name in published:
                delays.append(time.perf_counter() - published.pop(name))
                if len(delays) == count:
                    return


def at(values: list[float], share: float) -> float:
    return sorted(values)[ceil(share * len(values)) - 1]


def most_memory_mib(gateway: RunningGateway) -> float:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
