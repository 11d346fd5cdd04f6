"""What the aggregator makes of imported events."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cli.importing.publishing import ImportedEvent
from contracts.board import Board
from contracts.views import Entry
from services.aggregator.facts import Fact
from services.aggregator.leaderboard import Leaderboard

_BEGINNING = datetime(2025, 3, 1, 12, tzinfo=UTC)


def folded(events: Iterable[ImportedEvent], board: Board) -> dict[str, Entry]:
    """By submission id."""
    leaderboard = Leaderboard({board.name: board})
    for n, event in enumerate(events, start=1):
        leaderboard.take(Fact(event, UUID(int=n), _BEGINNING + timedelta(seconds=n), n))
    list(leaderboard.render())
    entries = (
        Entry.model_validate_json(body)
        for subject, body in leaderboard.views.items()
        if subject.startswith(Entry.type_name())
    )
    return {entry.sid: entry for entry in entries}
