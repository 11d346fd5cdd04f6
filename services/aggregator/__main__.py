"""python -m services.aggregator"""

import asyncio

from nats.aio.client import Client

from runtime.boards import load_boards
from runtime.bus import connect
from runtime.service import Readiness, health_endpoints, run_service
from services.aggregator.app import EVENTS_READ, VIEWS_CURRENT, Aggregator
from services.aggregator.settings import AggregatorSettings

NATS = "nats"


def main() -> None:
    settings = AggregatorSettings()
    run_service("aggregator", settings, lambda stop: aggregate(settings, stop))


async def aggregate(settings: AggregatorSettings, stop: asyncio.Event) -> None:
    boards = load_boards(settings.boards)
    readiness = Readiness(NATS, EVENTS_READ, VIEWS_CURRENT)
    async with health_endpoints(settings, readiness):
        client = await _connected(settings, stop)
        if client is None:
            return
        readiness.done(NATS)
        await Aggregator(client, boards, readiness).run(stop)
        await client.close()


async def _connected(settings: AggregatorSettings, stop: asyncio.Event) -> Client | None:
    """None when the process is stopped before NATS is there."""
    connecting = asyncio.create_task(connect(settings.nats_url, name="aggregator", stop=stop))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((connecting, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if connecting.done():
        return connecting.result()
    connecting.cancel()
    return None


if __name__ == "__main__":
    main()
