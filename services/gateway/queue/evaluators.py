"""Which evaluators are there, as they say themselves; kept in memory, and only for a while."""

from collections.abc import Iterator
from enum import StrEnum
from operator import itemgetter

from contracts.evaluator import MISSED_UNTIL_GONE, EvaluatorPresence
from contracts.models import Tier
from contracts.operation import HoldKind
from services.gateway.state.heard import Heard

_HEARD_WITHIN_S = 6.0
"""The time between two messages of an evaluator, and a second for the way."""


class Readiness(StrEnum):
    """Whether an evaluator takes jobs, as it says itself."""

    OPEN = "open"
    """It does, if only of some of its tiers."""
    PAUSED = "paused"
    DRAINING = "draining"
    """It takes none, and something still runs."""
    DRAINED = "drained"
    """Its host may go down."""
    STOPPING = "stopping"
    """Its process has been told to end."""


def readiness(presence: EvaluatorPresence) -> Readiness:
    if presence.draining:
        return Readiness.STOPPING
    kinds = {presence.on_hold.get(tier) for tier in presence.tiers}
    if None in kinds:
        return Readiness.OPEN
    if HoldKind.PAUSE in kinds:
        return Readiness.PAUSED
    return Readiness.DRAINING if running(presence) else Readiness.DRAINED


def running(presence: EvaluatorPresence) -> int:
    """How many of its devices work."""
    return sum(device.work is not None for device in presence.devices)


class Evaluators:
    def __init__(self) -> None:
        self._heard = Heard[tuple[str, str], EvaluatorPresence](
            lambda presence: MISSED_UNTIL_GONE * presence.every_s
        )
        self._listened_s = 0.0
        self.revision = 0
        """Rises with everything that changes but the time."""

    def __iter__(self) -> Iterator[EvaluatorPresence]:
        """By name."""
        return (presence for _, presence in sorted(self._heard.items(), key=itemgetter(0)))

    def serving(self, tier: Tier) -> int:
        """How many evaluators take jobs of this tier now."""
        return sum(1 for _ in self._serving(tier))

    def on_hold(self, tier: Tier) -> int:
        """How many more would, if operators did not keep them from it."""
        return sum(tier in each.on_hold and not each.draining for each in self)

    def devices_serving(self, tier: Tier) -> int:
        """How many jobs of this tier can run at once."""
        return sum(len(each.devices) for each in self._serving(tier))

    def _serving(self, tier: Tier) -> Iterator[EvaluatorPresence]:
        return (
            each
            for each in self
            if tier in each.tiers and tier not in each.on_hold and not each.draining
        )

    def work_on(self, sid: str, run: int) -> bool:
        """Whether any says that it is at this run."""
        works = (device.work for each in self for device in each.devices)
        return any(work and (work.sid, work.run) == (sid, run) for work in works)

    @property
    def are_known(self) -> bool:
        """Whether every evaluator has had the time to be heard. Before that, 0 that serve a tier
        means nothing."""
        return self._listened_s >= _HEARD_WITHIN_S

    def hear(self, presence: EvaluatorPresence) -> bool:
        """Whether that is news."""
        key = (presence.name, presence.instance)
        if presence.stopped:
            is_news = self._heard.forget(key) is not None
        else:
            is_news = self._heard.hear(key, presence) != presence
        self.revision += is_news
        return is_news

    def listened(self, seconds: float) -> bool:
        """So much time has passed with NATS in reach. Whether evaluators were given up, or all are
        known now."""
        knew = self.are_known
        self._listened_s += seconds
        gone = self._heard.listened(seconds)
        is_news = bool(gone) or knew != self.are_known
        self.revision += is_news
        return is_news
