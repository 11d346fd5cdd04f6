from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from nats.aio.client import Client
from nats.js import JetStreamContext

from runtime.bus import connect
from runtime.embedded_nats import nats_server
from runtime.topology import ensure_topology

# How long an example takes says more about the machine than about the code, and a change should be
# refused for what it brings rather than for what chance has found; `--hypothesis-seed` looks on.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


@pytest.fixture
def nats_url(tmp_path: Path) -> Iterator[str]:
    """A nats-server of the test's own, on a free port."""
    with nats_server(tmp_path / "nats") as url:
        yield url


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    connection = await connect(nats_url, name="test")
    yield connection
    await connection.close()


@pytest.fixture
async def jetstream(client: Client) -> JetStreamContext:
    """JetStream with every stream and consumer of the contract in place."""
    js = client.jetstream()
    await ensure_topology(js)
    return js
