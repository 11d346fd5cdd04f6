"""A verdict of the rules, rule by rule, and what is known of it before it is given. Pure."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from contracts.check import RuleOutcomes
from contracts.models import Reason
from contracts.rule_book import rule_book
from contracts.validation import ValidationProgress


class Outcome(StrEnum):
    BROKEN = "broken"
    WARNING = "warning"
    """Broken, which is no reason to refuse."""
    KEPT = "kept"
    UNDECIDED = "undecided"
    """It needs to know what could not be found out, because of a rule that is broken."""
    NOT_APPLICABLE = "not-applicable"
    """It is about submissions of another kind."""
    WAITING = "waiting"
    """It needs to know what is not read yet."""


class AskedRule(msgspec.Struct, frozen=True):
    """One rule, and how it came out."""

    code: str
    """Explained at `/docs/rules`."""
    title: str
    """What holds where it is kept; the code of a rule that this gateway does not know."""
    outcome: Outcome
    found: str
    """What there is, and the limit where the rule has one; of a broken rule the whole sentence.
    Empty where that says nothing."""


class Validation(msgspec.Struct, frozen=True):
    """Where a validator is that is at a submission."""

    reading: str
    """What it reads now, in words."""
    rules: tuple[AskedRule, ...]
    """All of them. Those that wait come out later; the verdict says the same of all others."""


def validation(told: ValidationProgress) -> Validation:
    return Validation(told.reading, rules_so_far(told))


def rules_so_far(told: ValidationProgress | None) -> tuple[AskedRule, ...]:
    """All of them, in the order of the rule book. Before a validator has begun, all wait."""
    if told is None:
        return asked_rules((), (), RuleOutcomes(), tuple(rule_book()))
    return asked_rules(told.reasons, told.warnings, told.rules, told.waiting)


def asked_rules(
    reasons: Iterable[Reason],
    warnings: Iterable[Reason],
    rules: RuleOutcomes | None,
    waiting: Iterable[str] = (),
) -> tuple[AskedRule, ...]:
    """In the order of the rule book. Empty without `rules`: what is broken is then all that is
    known."""
    if rules is None:
        return ()
    came_out: dict[str, tuple[Outcome, str]] = {
        **{one.code: (Outcome.BROKEN, one.message) for one in reasons},
        **{one.code: (Outcome.WARNING, one.message) for one in warnings},
        **{code: (Outcome.KEPT, found) for code, found in rules.kept.items()},
        **dict.fromkeys(rules.undecided, (Outcome.UNDECIDED, "")),
        **dict.fromkeys(rules.not_applicable, (Outcome.NOT_APPLICABLE, "")),
        **dict.fromkeys(waiting, (Outcome.WAITING, "")),
    }
    book = rule_book()
    known = [code for code in book if code in came_out]
    newer = [code for code in came_out if code not in book]
    return tuple(
        AskedRule(code, book[code].title if code in book else code, *came_out[code])
        for code in (*known, *newer)
    )
