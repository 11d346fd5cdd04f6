"""Who stands where: the order of a board's rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.views import Entry


@dataclass(frozen=True)
class Row:
    rank: int | None
    """1 is the best; equal averages share a rank and the next one is skipped. None while the row
    is provisional."""
    entry: Entry


def ranked(entries: Iterable[Entry]) -> tuple[Row, ...]:
    """By average, the best first; then the provisional rows, the most complete first."""
    standing: list[tuple[float, Entry]] = []
    provisional: list[Entry] = []
    for entry in entries:
        if entry.average is None or entry.provisional:
            provisional.append(entry)
        else:
            standing.append((entry.average, entry))
    standing.sort(key=lambda one: (-one[0], one[1].repo_id.lower(), one[1].sid))
    provisional.sort(key=lambda one: (-len(one.scores), one.repo_id.lower(), one.sid))

    rows: list[Row] = []
    for place, (average, entry) in enumerate(standing, start=1):
        shared = place > 1 and standing[place - 2][0] == average
        rows.append(Row(rows[-1].rank if shared else place, entry))
    return (*rows, *(Row(None, entry) for entry in provisional))
