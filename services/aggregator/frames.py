"""Messages of EVENTS, as one process hands them to another."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from nats.aio.msg import Msg

_FRAME = struct.Struct("<QIII")


class Recorded(NamedTuple):
    """A message of EVENTS, as it came."""

    sequence: int
    subject: str
    headers: dict[str, str]
    body: bytes


def framed(message: Msg) -> bytes:
    subject = message.subject.encode()
    headers = "\n".join(
        word for header in (message.headers or {}).items() for word in header
    ).encode()
    sequence = message.metadata.sequence.stream
    lengths = _FRAME.pack(sequence, len(subject), len(headers), len(message.data))
    return lengths + subject + headers + message.data


def read_messages(file: BinaryIO) -> Iterator[Recorded]:
    """Until the other end is closed."""
    while head := file.read(_FRAME.size):
        sequence, subject, headers, body = _FRAME.unpack(head)
        data = file.read(subject + headers + body)
        words = iter(data[subject : subject + headers].decode().split("\n"))
        yield Recorded(
            sequence,
            data[:subject].decode(),
            dict(zip(words, words, strict=False)),
            data[subject + headers :],
        )
