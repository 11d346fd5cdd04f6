"""Faults of ours at what EVENTS keeps for ever: whoever ended with one would never start again."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def attempt(make: Callable[[], T]) -> T | Exception:
    """What it makes, or the fault that it cannot be made for."""
    try:
        return make()
    except MemoryError:  # no fault of the event at hand: another process may have the room
        raise
    except Exception as fault:
        return fault
