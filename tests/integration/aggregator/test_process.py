"""The aggregator as a process, and through an outage of the server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.topology import VIEWS
from contracts.views import Entry, Request, RequestState
from runtime.bus import connect
from runtime.embedded_nats import NatsServer
from runtime.ports import free_port
from runtime.topology import ensure_topology
from tests.bus import next_view
from tests.integration.aggregator.aggregating import (
    aggregating,
    last_sequence,
    publish,
    views_in_stream,
)
from tests.unit.aggregator.story import (
    BOARD,
    accepted,
    finished,
    received,
    scored,
    started,
)
from tests.waiting import until

WHOLE_LIFE = (
    received(),
    accepted(),
    started(),
    scored("facts", 0.55),
    scored("logic", 0.75, 0.6),
    finished(),
)


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    folder = tmp_path / "boards"
    folder.mkdir()
    definition = yaml.safe_dump(BOARD.model_dump(mode="json"))
    (folder / f"{BOARD.name}.yaml").write_text(definition)
    return folder


@contextmanager
def aggregator_process(nats_url: str, boards: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "services.aggregator"],
        env=os.environ
        | {
            "NATS_URL": nats_url,
            "PODIUM_BOARDS": str(boards),
            "AGGREGATOR_HEALTH_PORT": str(port),
        },
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(json.load(answer)["ready"])
    except URLError:
        return False


async def test_a_killed_process_is_replaced_by_one_that_repeats_nothing(
    nats_url: str, client: Client, jetstream: JetStreamContext, boards: Path
) -> None:
    await publish(jetstream, *WHOLE_LIFE)
    port = free_port()
    with aggregator_process(nats_url, boards, port):
        await until(lambda: is_ready(port))
        before, sequence = await views_in_stream(client), await last_sequence(jetstream)

    with aggregator_process(nats_url, boards, port) as second:
        await until(lambda: is_ready(port))
        assert await last_sequence(jetstream) == sequence
        second.send_signal(signal.SIGTERM)
        assert await until(lambda: second.poll() is not None)
        assert second.returncode == 0

    await jetstream.delete_stream(VIEWS.name)
    with aggregator_process(nats_url, boards, port):
        await until(lambda: is_ready(port))
        assert await views_in_stream(client) == before


async def test_a_process_without_a_server_waits_and_ends_when_it_is_told_to(boards: Path) -> None:
    port = free_port()
    with aggregator_process(f"nats://127.0.0.1:{free_port()}", boards, port) as process:
        await until(lambda: _answers(port))
        assert not is_ready(port)
        process.send_signal(signal.SIGTERM)

        await until(lambda: process.poll() is not None)
        assert process.returncode == 0


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/livez", timeout=5):
            return True
    except URLError:
        return False


async def test_a_server_that_was_killed_is_waited_for(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, port=free_port())
    process = server.start()
    url = server.wait_until_ready(process)
    client = await connect(url, name="test")
    js = client.jetstream()
    await ensure_topology(js)
    try:
        await publish(js, *WHOLE_LIFE[:3])
        async with aggregating(url):
            process.kill()
            process.wait()
            process = server.start()
            server.wait_until_ready(process)
            await until(lambda: client.is_connected)

            await publish(js, *WHOLE_LIFE[3:])
            await next_view(client, Entry, lambda row: not row.provisional)
            await next_view(client, Request, lambda view: view.state is RequestState.FINISHED)
    finally:
        await client.close()
        process.terminate()
        process.wait()
