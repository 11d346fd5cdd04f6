"""Whose submission is whose: by the name that the repository has today."""

from collections.abc import Iterable, Iterator

from services.aggregator.moderation import Moderation


class Names:
    def __init__(self) -> None:
        self._first: dict[str, tuple[str, int]] = {}
        """By submission: what the repository was called, and the place in EVENTS since which."""
        self._today: dict[str, str] = {}
        self._submissions: dict[str, dict[str, None]] = {}
        """By today's name."""

    def put(self, sid: str, named: tuple[str, int], moderation: Moderation) -> None:
        today = moderation.name_today(*named)
        self._first[sid] = named
        before = self._today.get(sid)
        if before == today:
            return
        if before is not None:
            del self._submissions[before][sid]
        self._today[sid] = today
        self._submissions.setdefault(today, {})[sid] = None

    def first(self, sid: str) -> tuple[str, int] | None:
        """None for a submission that has no name."""
        return self._first.get(sid)

    def renamed(self, moderation: Moderation, name: str | None = None) -> None:
        """`moderation` knows of one more rename: of the repository that has this name today, or of
        any, when it was not the last one."""
        for sid in list(self._first if name is None else self.of([name])):
            self.put(sid, self._first[sid], moderation)

    def of(self, names: Iterable[str]) -> Iterator[str]:
        """The submissions of the repositories that have these names today."""
        for name in names:
            yield from self._submissions.get(name, ())

    def by(self, organisation: str) -> list[str]:
        """The organisation's names; the Hub ignores case."""
        owner = organisation.casefold()
        return [name for name in self._submissions if name.partition("/")[0].casefold() == owner]
