"""The last message of each subject, without reading what stood there before."""

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

_AT_ONCE = 1000
_TIMEOUT_S = 10.0


async def last_messages(js: JetStreamContext, stream: str, subjects: str) -> dict[str, Msg]:
    """By subject, as of now. `subjects` may hold wildcards. Raises nats.errors.TimeoutError when
    JetStream does not answer."""
    reading = await js.pull_subscribe(
        subjects,
        stream=stream,
        config=ConsumerConfig(
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            ack_policy=AckPolicy.NONE,
            mem_storage=True,
            inactive_threshold=30,
        ),
    )
    messages: dict[str, Msg] = {}
    pending = (await reading.consumer_info()).num_pending or 0
    while len(messages) < pending:
        for message in await reading.fetch(
            min(_AT_ONCE, pending - len(messages)), timeout=_TIMEOUT_S
        ):
            messages[message.subject] = message
    await reading.unsubscribe()
    return messages
