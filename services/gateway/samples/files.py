"""Files of samples, out of the object store, checked against what their events say of them."""

import asyncio
import hashlib
import io
from collections import OrderedDict

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import DigestMismatchError, NotFoundError, ObjectNotFoundError

from contracts.evaluation import Details
from contracts.topology import DETAILS_BUCKET
from services.gateway.http.errors import ErrorCode, Refusal

log = structlog.get_logger(__name__)

_PATIENCE_S = 30.0
MOST_BYTES = 256 * 1024 * 1024
"""That are kept in memory, as they are on disk: packed."""


class DetailFiles:
    """The files that were read last; each is fetched once, however many ask for it at once. An
    object never changes: every attempt writes under a name of its own."""

    def __init__(self, client: Client, most_bytes: int = MOST_BYTES) -> None:
        self._client = client
        self._js = client.jetstream()
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._coming: dict[str, asyncio.Task[bytes]] = {}

    async def read(self, details: Details) -> bytes:
        """Raises Refusal for a file that is gone, damaged or too large, and without NATS."""
        name = details.object_name
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if name not in self._coming:
            task = self._coming[name] = asyncio.create_task(self._fetch(details))
            task.add_done_callback(lambda _: self._coming.pop(name))
        return await asyncio.shield(self._coming[name])

    async def _fetch(self, details: Details) -> bytes:
        if details.size_bytes > self._most_bytes:
            raise _unavailable(
                f"The samples are a file of {details.size_bytes / 1e6:.0f} MB, which is too large"
                " to be shown."
            )
        body = await self._stored(details)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
        if digest != details.sha256:
            log.error("samples are not what was published", object_name=details.object_name)
            raise _unavailable("The file of samples is damaged: it is not the one that was stored.")
        self._keep(details.object_name, body)
        return body

    async def _stored(self, details: Details) -> bytes:
        # Bytes that are added to bytes are copied every time; a file is not.
        file = io.BytesIO()
        try:
            if not self._client.is_connected:
                raise NatsError("not connected")
            # Of an object that lost a part, the client waits for the rest for ever.
            async with asyncio.timeout(_PATIENCE_S):
                store = await self._js.object_store(DETAILS_BUCKET)
                await store.get(details.object_name, writeinto=file)
        except (ObjectNotFoundError, NotFoundError) as fault:
            raise _unavailable("The file of samples is gone.") from fault
        except DigestMismatchError as fault:
            raise _unavailable("The file of samples is damaged.") from fault
        except (NatsError, TimeoutError) as fault:
            log.warning("nats gave no samples", error=str(fault) or repr(fault))
            raise Refusal(
                ErrorCode.BUS_UNREACHABLE,
                "The message bus did not hand over the samples.",
                "Try again in a moment.",
            ) from fault
        return file.getvalue()

    def _keep(self, name: str, body: bytes) -> None:
        self._kept[name] = body
        total = sum(map(len, self._kept.values()))
        while total > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            total -= len(oldest)


def _unavailable(what: str) -> Refusal:
    return Refusal(
        ErrorCode.SAMPLES_UNAVAILABLE,
        what,
        "A re-run of the request stores new ones, next to the same scores.",
    )
