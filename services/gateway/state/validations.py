"""Which submissions are being validated, and how far; kept in memory, and only for a while."""

from collections.abc import Collection

from contracts.validation import REPEATED_EVERY_S, ValidationProgress
from services.gateway.state.heard import Heard

_MISSED_UNTIL_GONE = 10
"""A busy machine is late with some messages; one whose validator has died is taken up again after a
minute."""


class Validations:
    def __init__(self) -> None:
        self._heard = Heard[str, ValidationProgress](
            lambda _: _MISSED_UNTIL_GONE * REPEATED_EVERY_S
        )

    def sids(self) -> Collection[str]:
        return self._heard.keys()

    def get(self, sid: str) -> ValidationProgress | None:
        """None where no validator is at it."""
        return self._heard.get(sid)

    def hear(self, progress: ValidationProgress) -> bool:
        """Whether that is news."""
        return self._heard.hear(progress.sid, progress) != progress

    def forget(self, sid: str) -> None:
        self._heard.forget(sid)

    def listened(self, seconds: float) -> Collection[str]:
        """So much time has passed with NATS in reach. Those that fell silent meanwhile."""
        return self._heard.listened(seconds)
