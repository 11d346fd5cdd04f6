"""Answers as compressed bytes, made once per version, question and encoding, however many ask."""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

import zstandard

_GZIP_LEVEL = 3
"""Half the time of 5, an eighth more bytes; a search costs no more than packing its answer."""
_MOST_BYTES = 64 * 2**20


class Encoding(StrEnum):
    """The best first."""

    ZSTD = "zstd"
    GZIP = "gzip"
    IDENTITY = "identity"


@dataclass(frozen=True)
class Answer:
    body: bytes
    """Encoded."""
    etag: str
    """Of the content: the same on every gateway, and while only other rows change. Weak, because
    all encodings share it."""


def wanted_encoding(accepted: str) -> Encoding:
    """Of those in an Accept-Encoding header."""
    offered = {}
    for one in accepted.split(","):
        name, _, parameters = one.partition(";")
        quality = parameters.strip().lower().removeprefix("q=")
        offered[name.strip().lower()] = not quality or quality.strip("0.") != ""
    return next((encoding for encoding in Encoding if offered.get(encoding)), Encoding.IDENTITY)


class Answers:
    """Those asked for last, within a budget of memory. For one event loop."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._being_made: dict[Hashable, asyncio.Task[Answer]] = {}

    async def get(
        self, question: Hashable, encoding: Encoding, make: Callable[[], bytes]
    ) -> Answer:
        """`make` runs in a thread, once however many ask meanwhile, and also for those that come
        after its first asker has gone away."""
        key = (question, encoding)
        if kept := self._kept.get(key):
            self._kept.move_to_end(key)
            return kept
        task = self._being_made.get(key)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(_make, make, encoding))
            self._being_made[key] = task
            task.add_done_callback(lambda made: self._keep(key, made))
        return await asyncio.shield(task)

    def _keep(self, key: Hashable, made: "asyncio.Task[Answer]") -> None:
        del self._being_made[key]
        if made.cancelled() or made.exception():
            return
        answer = made.result()
        self._kept[key] = answer
        self._bytes += len(answer.body)
        while self._bytes > self._most_bytes:
            _, forgotten = self._kept.popitem(last=False)
            self._bytes -= len(forgotten.body)


def _make(make: Callable[[], bytes], encoding: Encoding) -> Answer:
    body = make()
    etag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    match encoding:
        case Encoding.ZSTD:
            body = zstandard.compress(body)
        case Encoding.GZIP:
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return Answer(body, etag)
