"""python -m services.aggregator"""

import asyncio

from runtime.boards import load_boards
from runtime.bus import service_connection
from runtime.service import Readiness, health_endpoints, run_service
from services.aggregator.app import EVENTS_READ, VIEWS_CURRENT, Aggregator
from services.aggregator.cycles import look_seldom_for_cycles
from services.aggregator.settings import AggregatorSettings

NATS = "nats"


def main() -> None:
    look_seldom_for_cycles()
    settings = AggregatorSettings.of_environment()
    run_service("aggregator", settings, lambda stop: aggregate(settings, stop))


async def aggregate(settings: AggregatorSettings, stop: asyncio.Event) -> None:
    boards = load_boards(settings.boards)
    readiness = Readiness(NATS, EVENTS_READ, VIEWS_CURRENT)
    async with (
        health_endpoints(settings, readiness),
        service_connection(settings.nats_url, name="aggregator", stop=stop) as client,
    ):
        if client:
            readiness.done(NATS)
            await Aggregator(
                client,
                boards,
                readiness,
                settings.patience,
                snapshot_every=settings.snapshot_every,
                replay_from=settings.replay_from,
            ).run(stop)


if __name__ == "__main__":
    main()
