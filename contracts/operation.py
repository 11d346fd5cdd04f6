"""What operators ask of evaluators: to take no jobs for a while, or before a host goes down."""

from enum import StrEnum
from typing import ClassVar, Self

from pydantic import AwareDatetime, Field, model_validator

from contracts.base import Contract, Event, View
from contracts.models import Tier

EVERY_EVALUATOR = "all"


class HoldKind(StrEnum):
    """`pause` is meant to be resumed; `drain` empties evaluators whose host is to go down."""

    PAUSE = "pause"
    DRAIN = "drain"


class HoldScope(StrEnum):
    """Whom it is about: evaluators of one name, all for one size class, or all for all."""

    EVALUATOR = "evaluator"
    TIER = "tier"
    ALL = "all"


class EvaluatorOrder(Event):
    """What pausing, draining and resuming have in common. Of several orders with the same scope and
    name the newest counts; orders of another scope are not touched by it."""

    scope: HoldScope
    """Whom it is about."""
    name: str = Field(min_length=1, max_length=200)
    """The evaluators' name, or the size class; `all` for all of them."""
    reason: str
    """Why, for everybody to read."""
    by: str | None
    """Hub user name of who asked for it; null on an open gateway."""

    @model_validator(mode="after")
    def _names_what_its_scope_says(self) -> Self:
        if self.scope is HoldScope.TIER and self.name not in set(Tier):
            raise ValueError(f"there is no tier {self.name!r}; take one of {', '.join(Tier)}")
        if self.scope is HoldScope.ALL and self.name != EVERY_EVALUATOR:
            raise ValueError(f"what is about all of them is named {EVERY_EVALUATOR!r}")
        return self


class EvaluatorsPaused(EvaluatorOrder):
    """Evaluators take no more jobs until they are resumed. What runs goes on to its end."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.evaluators_paused.{scope}.{name}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"


class EvaluatorsDrained(EvaluatorOrder):
    """Evaluators take no more jobs, so that their host can go down once nothing runs. They stay up
    and say so, and start again drained, until they are resumed."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.evaluators_drained.{scope}.{name}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    hand_back: bool = False
    """Whether what runs goes back to the queue at its next checkpoint, instead of on to its end."""


class EvaluatorsResumed(EvaluatorOrder):
    """Evaluators take jobs again, unless an order of another scope keeps them from it."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.evaluators_resumed.{scope}.{name}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"


class Hold(Contract):
    """An order that stands: evaluators that it covers take no jobs."""

    kind: HoldKind
    """What was asked for."""
    scope: HoldScope
    """Whom it is about."""
    name: str
    """The evaluators' name, or the size class; `all` for all of them."""
    hand_back: bool = False
    """Whether what runs goes back to the queue at its next checkpoint."""
    reason: str
    """Why, in the operator's words."""
    by: str | None
    """Hub user name of the operator; null on an open gateway."""
    at: AwareDatetime
    """Since when."""

    def covers(self, evaluator: str, tier: Tier) -> bool:
        """Whether it keeps evaluators of that name from jobs of that size class."""
        match self.scope:
            case HoldScope.EVALUATOR:
                return self.name == evaluator
            case HoldScope.TIER:
                return self.name == tier
            case HoldScope.ALL:
                return True


class Holds(View):
    """Which evaluators take no jobs, and why. Absent before the first order."""

    SUBJECT: ClassVar[str] = "podium.v1.view.holds"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "evaluator, gateway"

    holds: tuple[Hold, ...] = ()
    """The oldest first; empty when all take jobs."""

    def over(self, evaluator: str, tier: Tier) -> Hold | None:
        """What counts for jobs of that size class on evaluators of that name: what asks for most,
        and of those that ask for the same the oldest. None when nothing keeps them."""
        covering = [hold for hold in self.holds if hold.covers(evaluator, tier)]
        return max(
            covering, key=lambda hold: (hold.hand_back, hold.kind is HoldKind.DRAIN), default=None
        )
