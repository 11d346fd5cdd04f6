import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from contracts.topology import CONSUMERS
from localhub.process import running_localhub
from runtime.bus import connect
from runtime.embedded_nats import nats_server
from runtime.topology import ensure_topology
from tests.integration.evaluator.world import (
    Service,
    World,
    fill_hub,
    running_evaluator,
    write_boards,
    write_tasks,
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("evaluator")
    with running_localhub(fill_hub(folder / "hub")) as url:
        world = World(folder, url)
        write_tasks(world.tasks, folder / "hub" / "datasets")
        write_boards(world.boards)
        yield world


@pytest.fixture(scope="session")
def service(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One evaluator for all tests that leave it alive. Each job is delivered once, so that a fault
    of the infrastructure shows at once."""

    async def prepare(url: str) -> None:
        client = await connect(url, name="test")
        once = tuple(replace(consumer, max_deliver=1) for consumer in CONSUMERS)
        await ensure_topology(client.jetstream(), consumers=once)
        await client.close()

    with nats_server(tmp_path_factory.mktemp("nats")) as url:
        asyncio.run(prepare(url))
        with running_evaluator(world, url, "evaluator") as process:
            yield Service(url, process)
