"""What a validator says while it is at a submission."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Message
from contracts.check import RuleOutcomes
from contracts.models import Reason, SubmissionId

REPEATED_EVERY_S = 1.0
"""The longest time between two messages about one submission."""


class ValidationProgress(Message):
    """How the rules come out for a submission, as far as what they need to know has been read. Core
    NATS, not stored: said at every step and once a second meanwhile, so late subscribers wait for
    the next.

    The verdict says the same of every rule that has been told of here, unless the model vanishes
    from the Hub meanwhile. Where a validation begins again, because the Hub fell silent or the
    validator died, all rules wait anew."""

    SUBJECT: ClassVar[str] = "podium.v1.validation.{sid}.{run}"
    WRITER: ClassVar[str] = "validator"
    READERS: ClassVar[str] = "gateway"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """The run that it is validated for."""
    reading: str
    """What is read now, in words, such as `the headers of the weights`."""
    reasons: tuple[Reason, ...] = ()
    """Every rule that is broken."""
    warnings: tuple[Reason, ...] = ()
    """What the submitter should know beside them."""
    rules: RuleOutcomes = RuleOutcomes()
    """How other rules came out that are settled."""
    waiting: tuple[str, ...] = ()
    """The codes of all others, in the order of the rule book: they need what is not read yet."""
