"""Make nats-server match `contracts.topology`. The only code that creates or updates a stream,
consumer or bucket: FastStream and nats-py neither create what is missing nor update what changed.

    python -m runtime.topology            # once per deployment, before any service
"""

import asyncio
from dataclasses import replace

import structlog
from nats.js import JetStreamContext
from nats.js.api import (
    ConsumerConfig,
    ObjectStoreConfig,
    RetentionPolicy,
    StreamConfig,
    StreamSource,
    SubjectTransform,
)
from nats.js.errors import NotFoundError

from contracts.topology import BUCKETS, CONSUMERS, STREAMS, Bucket, Consumer, Stream
from runtime.bus import connect
from runtime.logs import configure_logs
from runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)


async def ensure_topology(
    js: JetStreamContext,
    *,
    streams: tuple[Stream, ...] = STREAMS,
    consumers: tuple[Consumer, ...] = CONSUMERS,
) -> None:
    """Idempotent. What the server refuses to change (a retention policy, say) raises."""
    for stream in streams:
        await ensure_stream(js, stream)
    for consumer in consumers:
        await js.add_consumer(consumer.stream.name, _consumer_config(consumer))
    for bucket in BUCKETS:
        await _ensure_bucket(js, bucket)


async def ensure_stream(js: JetStreamContext, stream: Stream) -> None:
    config = _stream_config(stream)
    try:
        await js.stream_info(stream.name)
    except NotFoundError:
        await js.add_stream(config)
        log.info("stream created", stream=stream.name)
    else:
        await js.update_stream(config)


async def _ensure_bucket(js: JetStreamContext, bucket: Bucket) -> None:
    try:
        await js.object_store(bucket.name)
    except NotFoundError:
        await js.create_object_store(
            bucket.name,
            ObjectStoreConfig(description=bucket.description, ttl=bucket.max_age_s or None),
        )


def with_ack_wait(consumers: tuple[Consumer, ...], ack_wait_s: float) -> tuple[Consumer, ...]:
    """The same consumers, noticing a dead worker after `ack_wait_s` seconds of silence."""
    return tuple(replace(consumer, ack_wait_s=ack_wait_s) for consumer in consumers)


def _stream_config(stream: Stream) -> StreamConfig:
    sources = None
    if stream.source:
        sources = [
            StreamSource(
                name=stream.source.stream,
                subject_transforms=[
                    SubjectTransform(src=stream.source.subject, dest=stream.source.becomes)
                ],
            )
        ]
    return StreamConfig(
        name=stream.name,
        description=stream.description,
        subjects=list(stream.subjects) or None,
        sources=sources,
        retention=RetentionPolicy(stream.retention),
        max_msgs_per_subject=stream.max_messages_per_subject,
        max_age=stream.max_age_s,
        deny_delete=stream.append_only,
        deny_purge=stream.append_only,
        allow_direct=True,
    )


def _consumer_config(consumer: Consumer) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=consumer.name,
        filter_subjects=list(consumer.subjects),
        ack_wait=consumer.ack_wait_s,
        max_deliver=consumer.max_deliver,
        max_ack_pending=consumer.max_ack_pending,
    )


async def main() -> None:
    settings = ServiceSettings.of_environment()
    configure_logs("topology", log_format=settings.log_format, log_level=settings.log_level)
    client = await connect(settings.nats_url, name="topology")
    await ensure_topology(client.jetstream())
    await client.close()
    log.info("topology is in place", streams=[stream.name for stream in STREAMS])


if __name__ == "__main__":
    asyncio.run(main())
