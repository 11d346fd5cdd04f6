"""Whose jobs this evaluator may take now, as operators want it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from pydantic import ValidationError

from contracts.models import Tier
from contracts.operation import Hold, HoldKind, Holds
from contracts.topology import VIEWS
from runtime.bus import through_outages

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
"""An order is obeyed so much later at most, and another second while a queue is being asked."""


class Gate:
    """One for all devices of an evaluator; it begins open."""

    def __init__(self, tiers: tuple[Tier, ...]) -> None:
        self.tiers = tiers
        """Size classes whose jobs it takes while nothing keeps it from them."""
        self.on_hold: Mapping[Tier, HoldKind] = {}
        """What it has stopped taking. A tier stands here once no request for such a job is on its
        way, so that whoever reads it can rely on it."""
        self.changed = asyncio.Event()
        """`on_hold` has. Whoever tells of it clears this."""
        self._holds: Mapping[Tier, Hold] = {}
        self._asking: Counter[Tier] = Counter()
        self._turned = asyncio.Event()

    def is_open(self, tier: Tier) -> bool:
        return tier not in self._holds

    async def hold(self, holds: Mapping[Tier, Hold]) -> None:
        """From now on these stand, and no others. Returns once `on_hold` says so."""
        self._holds = holds
        self._turn()
        await self._until(lambda: not any(self._asking[tier] for tier in holds))
        on_hold = {tier: hold.kind for tier, hold in holds.items()}
        if on_hold != self.on_hold:
            log.info("jobs on hold" if on_hold else "no job is on hold", tiers=on_hold)
            self.on_hold = on_hold
            self.changed.set()

    @contextmanager
    def asking(self, tier: Tier) -> Iterator[None]:
        """While a request for a job of this tier is on its way."""
        self._asking[tier] += 1
        try:
            yield
        finally:
            self._asking[tier] -= 1
            self._turn()

    async def until_open(self) -> None:
        """Until jobs of any tier may be taken."""
        await self._until(lambda: any(self.is_open(tier) for tier in self.tiers))

    async def until_recalled(self, tier: Tier) -> None:
        """Until what runs of this tier is to go back to the queue."""
        await self._until(lambda: tier in self._holds and self._holds[tier].hand_back)

    def _turn(self) -> None:
        self._turned.set()
        self._turned = asyncio.Event()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._turned.wait()


async def look(js: JetStreamContext, name: str, gate: Gate) -> None:
    """Bring the gate of the evaluators of that name in line with what operators have asked for,
    as soon as JetStream answers. Orders that cannot be read leave it as it is."""
    try:
        standing = await through_outages(lambda: _standing(js))
    except (NatsError, ValidationError) as fault:
        log.error("operators' orders cannot be read; those before stand", error=str(fault))
        return
    over = {tier: standing.over(name, tier) for tier in gate.tiers}
    await gate.hold({tier: hold for tier, hold in over.items() if hold})


async def keep_looking(js: JetStreamContext, name: str, gate: Gate) -> None:
    """The view is asked for again and again, because a subscription would miss what happens during
    an outage. Meanwhile the last orders that were read stand."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await look(js, name, gate)


async def _standing(js: JetStreamContext) -> Holds:
    try:
        message = await js.get_last_msg(VIEWS.name, Holds.subject_filter())
    except NotFoundError:
        return Holds()
    # A view that is gone leaves an empty body.
    return Holds.model_validate_json(message.data) if message.data else Holds()
