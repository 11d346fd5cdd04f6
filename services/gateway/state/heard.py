"""What others say again and again, kept until they fall silent."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


@dataclass
class _Said(Generic[T]):
    message: T
    silent_s: float = 0.0
    """Seconds without another, while this gateway could have heard one."""


class Heard(Generic[K, T]):
    """The newest message of each. Time passes only while this gateway hears NATS (`listened`): an
    outage of the bus is no sign that anybody has died."""

    def __init__(self, patience_s: Callable[[T], float]) -> None:
        """`patience_s` is how long a message stands without another, in seconds."""
        self._patience_s = patience_s
        self._said: dict[K, _Said[T]] = {}

    def keys(self) -> Collection[K]:
        return self._said.keys()

    def items(self) -> Collection[tuple[K, T]]:
        return [(key, said.message) for key, said in self._said.items()]

    def get(self, key: K) -> T | None:
        said = self._said.get(key)
        return said.message if said else None

    def hear(self, key: K, message: T) -> T | None:
        """The message before."""
        before = self.forget(key)
        self._said[key] = _Said(message)
        return before

    def forget(self, key: K) -> T | None:
        """What is forgotten."""
        said = self._said.pop(key, None)
        return said.message if said else None

    def listened(self, seconds: float) -> Collection[K]:
        """So much time has passed with NATS in reach. Those that fell silent meanwhile."""
        for said in self._said.values():
            said.silent_s += seconds
        silent = [
            key
            for key, said in self._said.items()
            if said.silent_s > self._patience_s(said.message)
        ]
        for key in silent:
            self.forget(key)
        return silent
