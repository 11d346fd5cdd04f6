"""Facts as few bytes, for the many submissions that nothing happens to any more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from zstandard import (
    DICT_TYPE_RAWCONTENT,
    ZstdCompressionDict,
    ZstdCompressor,
    ZstdDecompressor,
)

from contracts.registry import EVENT_TYPES, event_class
from services.aggregator.facts import Fact, Facts, in_stream_order

_NAMES = {kind: kind.type_name() for kind in EVENT_TYPES}
_LEVEL = 1
_LONGEST_DICTIONARY = 64 * 1024
"""A whole life, and a re-run. What says more, such as one with ten thousand votes, has nothing else
to tell the others."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What one submission amounts to, compressed."""

    body: bytes
    dictionary: int
    """Which of its packer's dictionaries it needs."""


class Packer:
    """Submissions to one board say almost the same: each is compressed against an earlier one, to
    less than a tenth of its events. A dictionary is that earlier one's text.

    For one thread only."""

    def __init__(self, dictionaries: Iterable[bytes] = ()) -> None:
        self._dictionaries = list(dictionaries) or [b""]
        self._compressor = ZstdCompressor(_LEVEL, _prepared(self._dictionaries[-1]))
        self._decompressors: dict[int, ZstdDecompressor] = {}
        """By dictionary, once it was needed: reading one takes longer than unpacking."""

    @property
    def dictionaries(self) -> Sequence[bytes]:
        """Those that what it has packed needs; a packer made with them can unpack it."""
        return self._dictionaries

    def pack(self, facts: Facts) -> Packed:
        text = as_text(facts)
        if min(len(text), _LONGEST_DICTIONARY) > 2 * len(self._dictionaries[-1]):
            # The longer one says more of what others will say: a whole life, not a refusal.
            self._dictionaries.append(text[-_LONGEST_DICTIONARY:])
            self._compressor = ZstdCompressor(_LEVEL, _prepared(self._dictionaries[-1]))
        # What it returns holds on to room for the text; a copy does not.
        body = bytes(memoryview(self._compressor.compress(text)))
        return Packed(body, len(self._dictionaries) - 1)

    def unpack(self, packed: Packed) -> Facts:
        decompressor = self._decompressors.get(packed.dictionary)
        if decompressor is None:
            dictionary = _prepared(self._dictionaries[packed.dictionary])
            decompressor = self._decompressors[packed.dictionary] = ZstdDecompressor(dictionary)
        return from_text(decompressor.decompress(packed.body))


def _prepared(dictionary: bytes) -> ZstdCompressionDict:
    return ZstdCompressionDict(dictionary, DICT_TYPE_RAWCONTENT)


def as_text(facts: Facts) -> bytes:
    """Two lines each, in the order of the stream: what the envelope says, and the event as JSON."""
    lines: list[bytes] = []
    for fact in in_stream_order(facts):
        head = f"{fact.sequence} {fact.id.hex} {fact.at.isoformat()} {_NAMES[type(fact.event)]}"
        # Its writer may have broken it into lines.
        body = b"" if b"\n" in fact.body else fact.body
        lines += (head.encode(), body or fact.event.model_dump_json().encode())
    return b"\n".join(lines)


def from_text(text: bytes) -> Facts:
    """Raises ValueError for what `as_text` has not written."""
    facts: dict[UUID, Fact[Any]] = {}
    lines = iter(text.split(b"\n")) if text else iter(())
    for head, body in zip(lines, lines, strict=True):
        sequence, digits, at, type_name = head.decode().split(" ")
        event = event_class(type_name)
        if event is None:
            raise ValueError(f"no event is called {type_name!r}")
        fact = Fact(
            event.model_validate_json(body),
            UUID(hex=digits),
            datetime.fromisoformat(at),
            int(sequence),
            body,
        )
        facts[fact.id] = fact
    return facts
