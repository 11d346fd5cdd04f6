"""Events that this version cannot read or show.

EVENTS keeps them for one that can; DEAD_LETTERS shows them to moderators, each once however often
it is read."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.topology import EVENTS
from runtime.bus import bury, in_words, through_outages
from services.aggregator.repairs import READER
from services.aggregator.showing import Fault

log = structlog.get_logger(__name__)

_UNSHOWN = "unshown"


@dataclass(frozen=True)
class _Letter:
    sequence: int
    reason: str
    why: str = ""
    """Empty for what is unreadable."""


class PassedOver:
    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._letters: asyncio.Queue[_Letter] = asyncio.Queue()
        self._set_apart: dict[str, UUID] = {}

    def unreadable(self, sequence: int, reason: str) -> None:
        log.warning("an unreadable event was skipped", sequence=sequence, error=reason)
        self._letters.put_nowait(_Letter(sequence, reason))

    def unshown(self, faults: Mapping[str, Fault]) -> None:
        """`faults` are all there are now, by submission. Tells of those that are new."""
        for sid, fault in faults.items():
            if self._set_apart.get(sid) == fault.fact.id:
                continue
            log.error(
                "a submission is shown as it was before an event",
                sid=sid,
                event_id=str(fault.fact.id),
                sequence=fault.fact.sequence,
                exc_info=fault.error,
            )
            self._letters.put_nowait(_Letter(fault.fact.sequence, in_words(fault.error), _UNSHOWN))
        self._set_apart = {sid: fault.fact.id for sid, fault in faults.items()}

    async def bury(self) -> None:
        """Never returns."""
        while True:
            letter = await self._letters.get()
            with suppress(NotFoundError):  # another stream by now
                await through_outages(partial(self._bury, letter))

    async def _bury(self, letter: _Letter) -> None:
        # Another EVENTS has other events at the same places.
        created = (await self._js.stream_info(EVENTS.name)).created
        message = await self._js.get_msg(EVENTS.name, letter.sequence)
        age = f"{created.timestamp() if created else 0:.0f}"
        key = "-".join(filter(None, (age, str(letter.sequence), letter.why)))
        await bury(self._js, READER, message, letter.reason, key=key)
