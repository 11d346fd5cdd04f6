"""A board's entries as they stood on the bus, packed: a large board has a million."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import zstandard

from contracts.views import Entry
from services.gateway.query.rows import EntryRow, read_row

_LEVEL = 1


@dataclass(frozen=True, slots=True)
class _Packed:
    body: bytes
    """Empty once the entry is gone."""
    sequence: int
    has_average: bool


class Shelf:
    """Entries of one board say almost the same, so each is compressed against the first of them, to
    less than a fifth."""

    def __init__(self) -> None:
        self._packed: OrderedDict[str, _Packed] = OrderedDict()
        """What changed last stands last."""
        self._first: zstandard.ZstdCompressionDict | None = None
        self._compressor: zstandard.ZstdCompressor | None = None

    def put(self, sid: str, body: bytes, sequence: int) -> None:
        """An empty body takes the entry away. Raises msgspec.DecodeError for what is none, and then
        leaves what stood."""
        has_average = bool(body) and read_row(body).average is not None
        self._packed[sid] = _Packed(self._pack(body) if body else b"", sequence, has_average)
        self._packed.move_to_end(sid)

    def changed_since(self, sequence: int) -> Iterator[str]:
        """Those that are gone too. Takes as long as there are changes, not rows."""
        for sid, packed in reversed(self._packed.items()):
            if packed.sequence <= sequence:
                return
            yield sid

    def sequence(self, sid: str) -> int:
        return self._packed[sid].sequence

    def has_average(self, sid: str) -> bool:
        return self._packed[sid].has_average

    def sids(self) -> list[str]:
        return [sid for sid, packed in self._packed.items() if packed.body]

    def body(self, sid: str) -> bytes:
        """Empty for an entry that is gone or never was."""
        [(_, body)] = self._bodies((sid,))
        return body

    def entry(self, sid: str) -> Entry | None:
        body = self.body(sid)
        return Entry.model_validate_json(body) if body else None

    def rows(self, sids: Iterable[str]) -> Iterator[tuple[str, EntryRow | None]]:
        """As they stand when each is taken. May be read in a thread."""
        for sid, body in self._bodies(sids):
            yield sid, read_row(body) if body else None

    def _pack(self, body: bytes) -> bytes:
        if self._compressor is None:
            self._first = zstandard.ZstdCompressionDict(
                body, dict_type=zstandard.DICT_TYPE_RAWCONTENT
            )
            self._compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=self._first)
        # What it returns holds on to room for the uncompressed body; a copy does not.
        return bytes(memoryview(self._compressor.compress(body)))

    def _bodies(self, sids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        # One of its own for each reader: they are not for several threads.
        decompressor = zstandard.ZstdDecompressor(dict_data=self._first)
        for sid in sids:
            packed = self._packed.get(sid)
            yield sid, decompressor.decompress(packed.body) if packed and packed.body else b""
