"""What reading a board costs: pages, searches and live changes, from one gateway process.

    python -m benchmarks.gateway                     3,827 rows
    python -m benchmarks.gateway --rows 1000000      a million; the bounds of a large board hold

Starts nats-server and a gateway here, fills VIEWS, and measures with wrk (Debian: `apt-get
install wrk`) and with a client of its own. The same page from FastAPI with pydantic follows in the
same run. Exits with 1 when a bound is missed."""

import argparse
import asyncio
import json
import random
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path

import httpx
import torch
from nats.aio.client import Client

from benchmarks.board_rows import row, rows
from benchmarks.machine import describe
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
_AT_ONCE = 2_000
_SEARCHES = (
    "{word}; {size}b",
    "@architecture:{family} @license:apache",
    "{family}-(1|7|70)b.*{number}$",
    "{family} @architecture:llama; {size}b @license:mit",
    "-{word} @params:<{size} @average:>{number}",
    "@submitted:>2024-0{digit} {word}",
)


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
    parser.add_argument("--searches", type=int, default=500)
    parser.add_argument("--changes", type=int, default=500, help="at 100 a second")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed; `apt-get install wrk` brings it.")
    print(describe(torch.device("cpu"), PACKAGES))
    with tempfile.TemporaryDirectory(prefix="podium-gateway-") as folder:
        bounds = asyncio.run(measure(Path(folder), options))
    print(*bounds, sep="\n")
    sys.exit(0 if all(bound.holds for bound in bounds) else 1)


async def measure(folder: Path, options: argparse.Namespace) -> list[Bound]:
    server = NatsServer(folder / "nats")
    process = server.start()
    try:
        nats_url = server.wait_until_ready(process)
        client = await connect(nats_url, name="benchmark")
        await ensure_topology(client.jetstream())
        await fill(client, options.rows)
        settings = {"GATEWAY_REQUESTS_PER_MINUTE": "1000000000"}
        began = time.monotonic()
        async with (
            started_gateway(nats_url, "http://127.0.0.1:9", folder, **settings) as gateway,
            httpx.AsyncClient(base_url=gateway.url, timeout=120) as http,
        ):
            await until_answered(partial(answers, http), timeout_s=600)
            ready_s = time.monotonic() - began
            bounds = [
                Bound("from start to the first page", ready_s, 60, "s"),
                *await measure_pages(gateway, http, folder, options),
                *await measure_searches(http, options),
                await measure_changes(client, gateway, options),
                Bound("most memory", most_memory_mib(gateway), 2560, "MiB"),
            ]
        await client.close()
        return bounds
    finally:
        process.terminate()
        process.wait()


async def fill(client: Client, count: int) -> None:
    board = examine_board(REPOSITORY / "boards" / "open-llm-v2.yaml").board
    assert board
    js = client.jetstream(publish_async_max_pending=_AT_ONCE)
    await js.publish(board.subject(), board.model_dump_json().encode(), stream=VIEWS.name)
    for place, (subject, body) in enumerate(rows(count), start=1):
        await js.publish_async(subject, body, wait_stall=60)
        if place % 100_000 == 0:
            print(f"  {place:,} rows written")
    await js.publish_async_completed()


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
    here = await requests_per_second(gateway.url + ENTRIES, options.seconds)
    known = f"If-None-Match: {page.headers['ETag']}"
    unchanged = await requests_per_second(gateway.url + ENTRIES, options.seconds, known)
    there = await pydantic_requests_per_second(file, folder, options.seconds)
    print(
        f"the default page, at hand: {here:,.0f} requests/s; unchanged (304): {unchanged:,.0f};"
        f" FastAPI with pydantic: {there:,.0f}; ratio {here / there:,.1f}"
    )
    return [Bound("time for a page at hand", 1e6 / here, 1e6 / 15_000, "µs")]


async def pydantic_requests_per_second(page: Path, folder: Path, seconds: int) -> float:
    port = free_port()
    url = f"http://127.0.0.1:{port}/entries"
    command = [sys.executable, "-m", "benchmarks.pydantic_board", str(port), str(page)]
    log = folder / "peer.log"
    supervisor = Supervisor()
    try:
        await supervisor.start(ChildProcess("peer", command, log))
        async with httpx.AsyncClient() as http:
            await until_answered(partial(is_up, http, url), timeout_s=60)
        return await requests_per_second(url, seconds)
    except TimeoutError as fault:
        raise RuntimeError(f"the peer did not start:\n{log.read_text()}") from fault
    finally:
        await supervisor.stop()


async def is_up(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


async def requests_per_second(url: str, seconds: int, *headers: str) -> float:
    arguments = [argument for header in headers for argument in ("-H", header)]
    wrk = await asyncio.create_subprocess_exec(
        *("wrk", "-t1", "-c16", f"-d{seconds}s", "-H", "Accept-Encoding: gzip", *arguments, url),
        stdout=asyncio.subprocess.PIPE,
    )
    report = (await wrk.communicate())[0].decode()
    if "Non-2xx" in report and not headers:
        raise RuntimeError(f"{url} was refused:\n{report}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if not found:
        raise RuntimeError(f"wrk says nothing of its requests:\n{report}")
    return float(found[1])


async def measure_searches(http: httpx.AsyncClient, options: argparse.Namespace) -> list[Bound]:
    numbers = random.Random(1)
    seconds = []
    for place in range(options.searches):
        search = numbers.choice(_SEARCHES).format(
            word=numbers.choice(("instruct", "dpo", "slerp", "coder", "math")),
            family=numbers.choice(("llama", "qwen2", "mistral", "gemma")),
            size=numbers.choice((1, 3, 7, 13, 70)),
            digit=numbers.randint(6, 9),
            number=place,
        )
        began = time.perf_counter()
        answer = await http.get(ENTRIES, params={"search": f"{search} -x{place}"})
        seconds.append(time.perf_counter() - began)
        answer.raise_for_status()
    large = options.rows >= LARGE
    return [
        Bound(
            "searches nobody asked before, p50", at(seconds, 0.5) * 1e3, 75 if large else 3, "ms"
        ),
        Bound("p99", at(seconds, 0.99) * 1e3, 150 if large else 10, "ms"),
    ]


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
