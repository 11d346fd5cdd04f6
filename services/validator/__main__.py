"""python -m services.validator"""

import asyncio

from huggingface_hub.utils.tqdm import disable_progress_bars

from runtime.boards import load_boards
from runtime.bus import make_broker, service_connection
from runtime.service import Readiness, health_endpoints, run_service
from services.validator.app import build_app
from services.validator.hub import Hub
from services.validator.settings import ValidatorSettings

NATS = "nats"


def main() -> None:
    settings = ValidatorSettings()
    disable_progress_bars()
    run_service("validator", settings, lambda stop: validate(settings, stop))


async def validate(settings: ValidatorSettings, stop: asyncio.Event) -> None:
    boards = load_boards(settings.boards)
    readiness = Readiness(NATS)
    async with (
        health_endpoints(settings, readiness),
        service_connection(settings.nats_url, name="validator", stop=stop) as client,
    ):
        if client is None:
            return
        broker = make_broker(settings.nats_url, name="validator", stop=stop)
        hub = Hub(settings.hub_url, settings.hub_timeout_s, settings.scratch)
        build_app(
            broker,
            client.jetstream(),
            fetch_facts=hub.facts,
            boards=boards,
            hub_retry_s=settings.hub_retry_s,
        )
        async with broker:
            await broker.start()
            readiness.done(NATS)
            await stop.wait()


if __name__ == "__main__":
    main()
