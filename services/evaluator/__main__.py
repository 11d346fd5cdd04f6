"""python -m services.evaluator: take jobs and evaluate them until told to stop."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from runtime.boards import load_boards
from runtime.bus import service_connection
from runtime.service import Readiness, health_endpoints, run_service
from services.evaluator.child import WarmChildren, describe_machine
from services.evaluator.jobs import JobQueues
from services.evaluator.protocol import HarnessOptions, Machine
from services.evaluator.settings import EvaluatorSettings
from services.evaluator.work import Evaluator

log = structlog.get_logger(__name__)


async def serve(settings: EvaluatorSettings, stop: asyncio.Event) -> None:
    boards = load_boards(settings.boards)
    readiness = Readiness("nats", "harness")
    children = WarmChildren()
    async with health_endpoints(settings, readiness):
        machine = await _warm_up(children, settings.harness_options)
        readiness.done("harness")
        async with service_connection(settings.nats_url, name=settings.name, stop=stop) as client:
            if client is None:
                return
            readiness.done("nats")
            log.info("ready", device=machine.device, tiers=list(settings.tiers))
            evaluator = Evaluator(client, settings, boards, children, machine)
            queues = JobQueues(client, settings.tiers)
            while job := await queues.next_job(stop):
                await evaluator.handle(job, stop)


async def _warm_up(children: WarmChildren, options: HarnessOptions) -> Machine:
    """Starts the fork server. Raises EvaluationFault when lm-eval cannot be imported; the log has
    the traceback."""
    with TemporaryDirectory(prefix="podium-evaluator-") as folder:
        output = Path(folder, "output.log")
        async with aclosing(children.run(describe_machine, options, output)) as messages:
            async for message in messages:
                if isinstance(message, Machine):
                    return message
    raise AssertionError("a child that ends in order describes its machine")


def main() -> None:
    settings = EvaluatorSettings()
    run_service("evaluator", settings, lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
