"""`python -m services.validator`: settings, adapters, and the handler on the bus."""

import asyncio

from runtime.boards import load_boards
from runtime.bus import connect, make_broker
from runtime.service import Readiness, health_endpoints, run_service
from services.validator.app import build_app
from services.validator.hub import HubFacts
from services.validator.settings import ValidatorSettings


def main() -> None:
    settings = ValidatorSettings()

    async def serve(stop: asyncio.Event) -> None:
        readiness = Readiness("nats")
        async with health_endpoints(settings, readiness):
            client = await connect(settings.nats_url, name="validator", stop=stop)
            broker = make_broker(settings.nats_url, name="validator", stop=stop)
            build_app(
                broker,
                client.jetstream(),
                gather_facts=HubFacts(settings.hub_url, settings.hub_timeout_s).gather,
                boards=load_boards(settings.boards),
            )
            async with broker:
                await broker.start()
                readiness.done("nats")
                await stop.wait()
            await client.close()

    run_service("validator", settings, serve)


if __name__ == "__main__":
    main()
