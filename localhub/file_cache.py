"""Remembers what was worked out from a file for as long as the file stays the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class FileIdentity:
    size: int
    mtime_ns: int
    inode: int


@dataclass
class _Entry(Generic[T]):
    lock: Lock = field(default_factory=Lock)
    known: tuple[FileIdentity, T] | None = None


class FileCache(Generic[T]):
    """Calls `compute` once per state of a file, also when many threads ask at the same time.

    A file that changes while it is read is read again by the next caller: the identity is taken
    before the content.
    """

    def __init__(self, compute: Callable[[Path], T]) -> None:
        self._compute = compute
        self._entries: dict[Path, _Entry[T]] = {}
        self._lock = Lock()

    def get(self, path: Path) -> T:
        """Raises what `compute` raises, and FileNotFoundError when there is no such file."""
        status = path.stat()
        identity = FileIdentity(status.st_size, status.st_mtime_ns, status.st_ino)
        with self._lock:
            entry = self._entries.setdefault(path, _Entry())
        with entry.lock:
            if entry.known is None or entry.known[0] != identity:
                entry.known = (identity, self._compute(path))
            return entry.known[1]
