"""Keep the store as NATS has it."""

import asyncio
import gc
from collections.abc import Callable
from typing import TypeVar

import structlog
from nats.aio.client import Client
from pydantic import ValidationError

from contracts.base import Message
from contracts.evaluation import EvaluationProgress
from contracts.evaluator import EvaluatorPresence
from contracts.topology import VIEWS
from contracts.validation import ValidationProgress
from runtime.follow import Batch, follow
from runtime.service import Readiness
from services.gateway.state.store import ViewStore

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Message)

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
    await _follow(client, EvaluationProgress, store.put_progress)


async def follow_validations(client: Client, store: ViewStore) -> None:
    await _follow(client, ValidationProgress, store.put_validation)


async def follow_evaluators(client: Client, store: ViewStore) -> None:
    await _follow(client, EvaluatorPresence, store.put_presence)


async def _follow(client: Client, kind: type[M], put: Callable[[M], None]) -> None:
    """Hand over what arrives from now on. One that cannot be read is no reason to miss the next."""
    subscription = await client.subscribe(kind.subject_filter())
    async for message in subscription.messages:
        try:
            put(kind.model_validate_json(message.data))
        except ValidationError as fault:
            log.warning("a message cannot be read", subject=message.subject, error=str(fault))


async def watch_for_silence(client: Client, store: ViewStore) -> None:
    """Have evaluators and validations forgotten that fell silent, but not those that nobody could
    hear."""
    while True:
        await asyncio.sleep(_LOOK_AROUND_S)
        if client.is_connected:
            store.listened(_LOOK_AROUND_S)


def _epoch(batch: Batch) -> str:
    created = batch.stream_created
    return f"{int(created.timestamp() * 1000):x}" if created else "0"
