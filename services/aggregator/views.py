"""The views that follow from the fold: digests of all of them, and the bodies of the newest."""

import hashlib
from collections.abc import Callable, Iterator, Mapping

# Bodies of the views that changed last, until they stand in VIEWS.
_MOST_BYTES = 16 * 1024 * 1024


def digest_of(body: bytes) -> bytes:
    """Empty for an empty body: a view that is gone is as one that never was."""
    return hashlib.blake2b(body, digest_size=16).digest() if body else b""


class Views(Mapping[str, bytes]):
    """Bodies by subject. One that was let go is made again when somebody asks for it."""

    def __init__(self, again: Callable[[str], Mapping[str, bytes]]) -> None:
        """`again` makes the view of a subject, and whichever it makes by the way; nothing when it
        can no longer be made."""
        self.digests: dict[str, bytes] = {}
        """Of every body, by subject."""
        self._again = again
        self._bodies: dict[str, bytes] = {}
        self._size = 0
        self._kept: dict[str, bytes] = {}

    def __getitem__(self, subject: str) -> bytes:
        """Raises KeyError also for a view that can no longer be made; it is none from then on."""
        if subject not in self.digests:
            raise KeyError(subject)
        if subject in self._kept:
            return self._kept[subject]
        if subject not in self._bodies:
            for made, body in self._again(subject).items():
                self.put(made, body)
        if subject not in self._bodies:
            self.pop(subject)
        return self._bodies[subject]

    def __contains__(self, subject: object) -> bool:
        """Makes no body, as that of Mapping would."""
        return subject in self.digests

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)

    def keep(self, subject: str, body: bytes) -> None:
        """For good: `again` does not know how to make it."""
        self.digests[subject] = digest_of(body)
        self._kept[subject] = body

    def put(self, subject: str, body: bytes) -> None:
        self.digests[subject] = digest_of(body)
        self._drop(subject)
        self._bodies[subject] = body
        self._size += len(body)
        while self._size > _MOST_BYTES and len(self._bodies) > 2:
            self._drop(next(iter(self._bodies)))

    def pop(self, subject: str) -> None:
        self.digests.pop(subject, None)
        self._drop(subject)

    def let_go(self) -> None:
        """Of the bodies: they stand in VIEWS."""
        self._bodies.clear()
        self._size = 0

    def _drop(self, subject: str) -> None:
        self._size -= len(self._bodies.pop(subject, b""))
