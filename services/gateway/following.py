"""Keep the store as NATS has it."""

import asyncio
import gc

import structlog
from nats.aio.client import Client
from pydantic import ValidationError

from contracts.evaluation import EvaluationProgress
from contracts.evaluator import EvaluatorPresence
from contracts.topology import VIEWS
from runtime.follow import Batch, follow
from runtime.service import Readiness
from services.gateway.store import ViewStore

log = structlog.get_logger(__name__)

_LOOK_AROUND_S = 1.0


async def follow_views(client: Client, store: ViewStore, readiness: Readiness) -> None:
    """Ready once everything that stood in VIEWS has been read and prepared for its readers."""
    async for batch in follow(client, VIEWS.name):
        epoch = _epoch(batch)
        if epoch != store.version.epoch:
            store.begin(epoch)
        for message in batch.messages:
            store.put(message.subject, message.data, message.metadata.sequence.stream)
        if batch.caught_up and readiness.missing:
            for prepare in store.before_ready:
                await prepare()
            # What has been read stays: nobody's request should wait while it is looked through.
            gc.collect()
            gc.freeze()
            readiness.done("views")


async def follow_progress(client: Client, store: ViewStore) -> None:
    subscription = await client.subscribe(EvaluationProgress.subject_filter())
    async for message in subscription.messages:
        try:
            store.put_progress(EvaluationProgress.model_validate_json(message.data))
        except ValidationError as fault:
            log.warning("progress cannot be read", subject=message.subject, error=str(fault))


async def follow_evaluators(client: Client, store: ViewStore) -> None:
    subscription = await client.subscribe(EvaluatorPresence.subject_filter())
    async for message in subscription.messages:
        try:
            store.put_presence(EvaluatorPresence.model_validate_json(message.data))
        except ValidationError as fault:
            log.warning("an evaluator cannot be read", subject=message.subject, error=str(fault))


async def watch_evaluators(client: Client, store: ViewStore) -> None:
    """Have evaluators forgotten that fell silent, but not those that nobody could hear."""
    while True:
        await asyncio.sleep(_LOOK_AROUND_S)
        if client.is_connected:
            store.listened(_LOOK_AROUND_S)


def _epoch(batch: Batch) -> str:
    created = batch.stream_created
    return f"{int(created.timestamp() * 1000):x}" if created else "0"
