"""python -m services.aggregator"""

import asyncio

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
    readiness = Readiness(NATS, EVENTS_READ, VIEWS_CURRENT)
    async with health_endpoints(settings, readiness):
        work = asyncio.create_task(_work(settings, readiness, stop))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if work.done():
            work.result()
        work.cancel()
        # Nothing needs an orderly end: the next start publishes what this one did not.
        await asyncio.wait((work,))


async def _work(settings: AggregatorSettings, readiness: Readiness, stop: asyncio.Event) -> None:
    boards = load_boards(settings.boards)
    client = await connect(settings.nats_url, name="aggregator", stop=stop)
    readiness.done(NATS)
    try:
        await Aggregator(client, boards, readiness).run()
    finally:
        await client.close()


if __name__ == "__main__":
    main()
