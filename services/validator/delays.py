"""When a Hub that does not answer is asked again, and how often that is told."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from contracts.models import Reason
from services.validator.hub import HubDoesNotAnswerError

# Each wait is about a quarter of all before it, so nobody waits for long after a short outage.
_GROWTH = 1.3
_LONGEST_OBEYED_S = 600.0


@dataclass
class Outage:
    """The Hub's last silence. What took long in vain is not tried again for as long: of many
    submissions that wait, the last would learn of an outage after as many timeouts."""

    clock: Callable[[], float] = time.monotonic
    _fault: HubDoesNotAnswerError | None = field(default=None, init=False)
    _until: float = field(default=0, init=False)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Around an attempt. Raises HubDoesNotAnswerError at once while there is an outage."""
        begun = self.clock()
        if self._fault and begun < self._until:
            raise HubDoesNotAnswerError(str(self._fault), self._fault.retry_after_s)
        try:
            yield
        except HubDoesNotAnswerError as fault:
            ended = self.clock()
            self._fault, self._until = fault, ended + (ended - begun)
            raise


def delay_s(fault: HubDoesNotAnswerError, delivered: int, most_s: float) -> float:
    """Until the next attempt, after `delivered` of them. The Hub's own wish outweighs `most_s`."""
    wished_s = min(fault.retry_after_s or 0, _LONGEST_OBEYED_S)
    return max(wished_s, min(_GROWTH**delivered, most_s))


def is_told(delivered: int) -> bool:
    """At the 1st attempt, the 2nd, the 4th, the 8th …: EVENTS keeps each for ever, and of an outage
    of an hour there are 80 for every submission that waits."""
    return delivered.bit_count() == 1


def reason(fault: HubDoesNotAnswerError) -> Reason:
    return Reason(
        code="hub-unavailable",
        message=f"{str(fault).rstrip('.')}. That says nothing about the model.",
        advice="Wait: it is asked again, ever more rarely, for about 70 minutes. If that does not"
        " help, request a re-run.",
    )
