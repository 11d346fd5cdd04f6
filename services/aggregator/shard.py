"""python -m services.aggregator.shard: folds a share of EVENTS, from stdin to stdout."""

import gc
import sys
from typing import BinaryIO

from runtime.bus import UnreadableMessageError, decode_event
from runtime.logs import configure_logs
from services.aggregator.facts import Fact
from services.aggregator.frames import read_messages
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.lives import one_after_the_other
from services.aggregator.settings import AggregatorSettings
from services.aggregator.shards import Folded, read_boards, write_folded

_BUFFER = 256 * 1024
"""Bytes that are read at once; the default reads each message by itself."""


def main() -> None:
    # Three quarters of the time would go into looking for cycles, and events have none.
    gc.disable()
    settings = AggregatorSettings()
    configure_logs("aggregator", log_format=settings.log_format, log_level=settings.log_level)
    with open(sys.stdin.fileno(), "rb", buffering=_BUFFER, closefd=False) as source:
        write_folded(sys.stdout.buffer, _folded(source))


def _folded(source: BinaryIO) -> Folded:
    # What has come to an end is packed at once: more of it follows rarely, and is not far then.
    leaderboard = Leaderboard(read_boards(source), at_hand=1)
    unreadable: dict[int, str] = {}
    for message in one_after_the_other(read_messages(source)):
        try:
            event, envelope = decode_event(message.subject, message.headers, message.body)
        except UnreadableMessageError as fault:
            unreadable[message.sequence] = str(fault)
        else:
            fact = Fact(event, envelope.id, envelope.time, message.sequence, message.body)
            leaderboard.take(fact)
    return Folded(leaderboard.state(), unreadable)


if __name__ == "__main__":
    main()
