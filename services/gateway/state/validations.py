"""Which submissions are being validated, and how far; kept in memory, and only for a while."""

from collections.abc import Collection
from dataclasses import dataclass

from contracts.validation import REPEATED_EVERY_S, ValidationProgress

_MISSED_UNTIL_GONE = 10
"""A busy machine is late with some messages; one whose validator has died is taken up again after a
minute."""


@dataclass
class _Heard:
    progress: ValidationProgress
    silent_s: float = 0.0
    """Seconds without a message, while this gateway could have heard one."""


class Validations:
    """Time passes only while this gateway hears NATS (`listened`)."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}

    def sids(self) -> Collection[str]:
        return self._heard.keys()

    def get(self, sid: str) -> ValidationProgress | None:
        """None where no validator is at it."""
        heard = self._heard.get(sid)
        return heard.progress if heard else None

    def hear(self, progress: ValidationProgress) -> bool:
        """Whether that is news."""
        before = self._heard.get(progress.sid)
        if before and before.progress == progress:
            before.silent_s = 0
            return False
        self._heard[progress.sid] = _Heard(progress)
        return True

    def forget(self, sid: str) -> None:
        self._heard.pop(sid, None)

    def listened(self, seconds: float) -> Collection[str]:
        """So much time has passed with NATS in reach. Those that fell silent meanwhile."""
        for heard in self._heard.values():
            heard.silent_s += seconds
        most_s = _MISSED_UNTIL_GONE * REPEATED_EVERY_S
        silent = [sid for sid, heard in self._heard.items() if heard.silent_s > most_s]
        for sid in silent:
            self.forget(sid)
        return silent
