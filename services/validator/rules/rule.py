"""What a rule is."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from contracts.board import Board
from contracts.models import ModelRef, Reason, WeightType
from contracts.submission import SubmissionReceived
from contracts.views import Policy
from services.validator.facts import Access, Facts, Repository

MOST_CHARACTERS = 1000
"""Of one sentence: a repository decides how many files and how long names there are to tell of."""


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
    def whole(self) -> Repository | None:
        """The repository that holds a whole model: the base model's for an adapter or a delta."""
        return self.facts.submitted if self.is_whole else self.facts.base

    @property
    def is_visible(self) -> bool:
        """Whether the repository's files are known."""
        submitted = self.facts.submitted
        return submitted.access is Access.PUBLIC and submitted.commit is not None


Breach = Callable[[Case], str | None]
"""The sentence for the submitter: what was found, and what would be accepted. None when the rule
is kept, and when an earlier fact is missing, so that it cannot be judged."""


@dataclass(frozen=True)
class Rule:
    code: str
    advice: str
    breach: Breach

    def reason(self, case: Case) -> Reason | None:
        message = self.breach(case)
        if not message:
            return None
        if len(message) > MOST_CHARACTERS:
            message = f"{message[:MOST_CHARACTERS]} …"
        return Reason(code=self.code, message=message, advice=self.advice)

    @property
    def meaning(self) -> str:
        """The rule itself, for the page of rules."""
        return " ".join((inspect.getdoc(self.breach) or "").split())


def rule(code: str, *, advice: str) -> Callable[[Breach], Rule]:
    return lambda breach: Rule(code, advice, breach)
