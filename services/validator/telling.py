"""How the rules come out, told while they are still being asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from nats.aio.client import Client
from nats.errors import Error as NatsError

from contracts.models import SubmissionId
from contracts.validation import REPEATED_EVERY_S, ValidationProgress
from runtime.service import cancel_until_done
from services.validator.handlers import TellJudgement
from services.validator.rules import Judgement


@asynccontextmanager
async def telling(client: Client, sid: SubmissionId, run: int) -> AsyncIterator[TellJudgement]:
    """What is told meanwhile goes out as ValidationProgress. That is worth neither a wait nor a
    fault: the verdict says it all."""
    loop = asyncio.get_running_loop()
    steps: asyncio.Queue[ValidationProgress] = asyncio.Queue()

    def tell(so_far: Judgement, reading: str) -> None:
        progress = ValidationProgress(
            sid=sid,
            run=run,
            reading=reading,
            reasons=so_far.reasons,
            warnings=so_far.warnings,
            rules=so_far.rules,
            waiting=so_far.waiting,
        )
        loop.call_soon_threadsafe(steps.put_nowait, progress)

    publishing = asyncio.create_task(_publish(client, steps))
    try:
        yield tell
    finally:
        await cancel_until_done((publishing,))


async def _publish(client: Client, steps: asyncio.Queue[ValidationProgress]) -> None:
    step = await steps.get()
    while True:
        if client.is_connected:
            with suppress(NatsError):
                await client.publish(step.subject(), step.model_dump_json().encode())
        with suppress(TimeoutError):
            async with asyncio.timeout(REPEATED_EVERY_S):
                step = await steps.get()
