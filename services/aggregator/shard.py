"""python -m services.aggregator.shard: folds a share of EVENTS, from stdin to stdout."""

import gc
import sys

from runtime.bus import UnreadableMessageError, decode_event
from runtime.logs import configure_logs
from services.aggregator.facts import Fact
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.settings import AggregatorSettings
from services.aggregator.shards import Folded, read_boards, read_messages, write_folded


def main() -> None:
    # Three quarters of the time would go into looking for cycles, and events have none.
    gc.disable()
    settings = AggregatorSettings()
    configure_logs("aggregator", log_format=settings.log_format, log_level=settings.log_level)
    leaderboard = Leaderboard(read_boards(sys.stdin.buffer))
    unreadable: dict[int, str] = {}
    for message in read_messages(sys.stdin.buffer):
        try:
            event, envelope = decode_event(message.subject, message.headers, message.body)
        except UnreadableMessageError as fault:
            unreadable[message.sequence] = str(fault)
        else:
            fact = Fact(event, envelope.id, envelope.time, message.sequence, message.body)
            leaderboard.take(fact)
    write_folded(sys.stdout.buffer, Folded(leaderboard.state(), unreadable))


if __name__ == "__main__":
    main()
