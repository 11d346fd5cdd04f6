"""Rows as JSON, written once: searches of a board find the same rows again and again."""

from collections.abc import Callable, Sequence

import msgspec

_MOST = 20_000
"""About 30 MB."""


class WrittenRows:
    """Those of one snapshot, with the board's own ranks. For any number of threads."""

    def __init__(self) -> None:
        self._written: dict[int, msgspec.Raw] = {}

    def at(
        self, places: Sequence[int], read: Callable[[Sequence[int]], Sequence[msgspec.Struct]]
    ) -> tuple[msgspec.Raw, ...]:
        """In that order; `read` is asked for those that have not been written yet."""
        known = self._written
        found = {place: known[place] for place in places if place in known}
        missing = [place for place in places if place not in found]
        new = map(msgspec.json.encode, read(missing)) if missing else ()
        found |= {place: msgspec.Raw(row) for place, row in zip(missing, new, strict=True)}
        if len(known) + len(missing) > _MOST:
            self._written = known = {}
        known |= found
        return tuple(found[place] for place in places)
