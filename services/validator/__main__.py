"""python -m services.validator"""

import asyncio
from functools import partial

from huggingface_hub.utils.tqdm import disable_progress_bars

from runtime.boards import load_boards
from runtime.bus import make_broker, service_connection
from runtime.service import Readiness, cancel_until_done, health_endpoints, run_service
from services.validator.app import build_app, standing_policy
from services.validator.check.on_the_bus import answer_questions
from services.validator.hub import Hub
from services.validator.settings import ValidatorSettings

NATS = "nats"


def main() -> None:
    settings = ValidatorSettings.of_environment()
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
        js = client.jetstream()
        broker = make_broker(settings.nats_url, name="validator", stop=stop)
        hub = Hub(settings.hub_url, settings.hub_timeout_s, settings.scratch)
        build_app(
            broker,
            client,
            fetch_facts=hub.facts,
            boards=boards,
            hub_retry_s=settings.hub_retry_s,
        )
        async with broker:
            await broker.start()
            async with asyncio.TaskGroup() as tasks:
                answering = tasks.create_task(
                    answer_questions(
                        client, hub=hub, boards=boards, policy=partial(standing_policy, js)
                    )
                )
                readiness.done(NATS)
                await stop.wait()
                await cancel_until_done((answering,))


if __name__ == "__main__":
    main()
