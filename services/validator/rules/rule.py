"""What a rule is."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from contracts.board import Board
from contracts.models import ModelRef, Reason, WeightType
from contracts.submission import SubmissionReceived
from contracts.views import Policy
from services.validator.facts import Access, Facts, Repository

MOST_CHARACTERS = 1000
"""Of one sentence: a repository decides how many files and how long names there are to tell of."""
MOST_FOUND = 120
"""Characters of what a rule that is kept has found: there are many of them."""


@dataclass(frozen=True)
class Case:
    """Everything a rule may look at."""

    facts: Facts
    submission: SubmissionReceived
    board: Board
    policy: Policy
    """What moderators' decisions mean for submissions."""

    @property
    def model(self) -> ModelRef:
        return self.submission.model

    @property
    def is_whole(self) -> bool:
        return self.model.weight_type is WeightType.ORIGINAL

    @property
    def is_adapter(self) -> bool:
        return self.model.weight_type is WeightType.ADAPTER

    @property
    def is_delta(self) -> bool:
        return self.model.weight_type is WeightType.DELTA

    @property
    def whole(self) -> Repository | None:
        """The repository that holds a whole model: the base model's for an adapter or a delta."""
        return self.facts.submitted if self.is_whole else self.facts.base

    @property
    def is_visible(self) -> bool:
        """Whether the repository's files are known."""
        submitted = self.facts.submitted
        return submitted.access is Access.PUBLIC and submitted.commit is not None


@dataclass(frozen=True)
class Kept:
    found: str = ""
    """What there is, and the limit where the rule has one; empty where that says nothing."""


@dataclass(frozen=True)
class Broken:
    message: str
    """For the submitter: what was found, and what would be accepted."""


class Silent(Enum):
    """Why a rule is neither kept nor broken."""

    NOT_APPLICABLE = "not applicable"
    """It is about submissions of another kind."""
    UNDECIDED = "undecided"
    """A fact that it needs is missing, as a rule because an earlier rule is broken."""


Outcome = Kept | Broken | Silent
KEPT = Kept()
NOT_APPLICABLE, UNDECIDED = Silent.NOT_APPLICABLE, Silent.UNDECIDED


@dataclass(frozen=True)
class Rule:
    code: str
    title: str
    """What holds where it is kept, in a few words."""
    advice: str
    outcome: Callable[[Case], Outcome]

    def reason(self, broken: Broken) -> Reason:
        message = shortened(broken.message, MOST_CHARACTERS)
        return Reason(code=self.code, message=message, advice=self.advice)

    @property
    def meaning(self) -> str:
        """The rule itself, for the page of rules."""
        return " ".join((inspect.getdoc(self.outcome) or "").split())


def rule(code: str, *, title: str, advice: str) -> Callable[[Callable[[Case], Outcome]], Rule]:
    return lambda outcome: Rule(code, title, advice, outcome)


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} …"
