"""Messages of EVENTS, as one process hands them to another."""

import struct
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from nats.aio.msg import Msg

_FRAME = struct.Struct("<QII")


class Recorded(NamedTuple):
    """A message of EVENTS, as it came."""

    sequence: int
    subject: str
    headers: dict[str, str]
    body: bytes


def framed(message: Msg) -> bytes:
    words = chain((message.subject,), chain.from_iterable((message.headers or {}).items()))
    # No header holds a line's end.
    about = "\r\n".join(words).encode()
    sequence = message.metadata.sequence.stream
    return _FRAME.pack(sequence, len(about), len(message.data)) + about + message.data


def read_messages(file: BinaryIO) -> Iterator[Recorded]:
    """Until the other end is closed."""
    while head := file.read(_FRAME.size):
        sequence, about, body = _FRAME.unpack(head)
        words = iter(file.read(about).decode().split("\r\n"))
        subject = next(words)
        headers = dict(zip(words, words, strict=False))
        yield Recorded(sequence, subject, headers, file.read(body))
