"""What the codes of rules stand for, for those who show them.

The rules are the validator's: `python -m services.validator.rules.page` writes rules.json."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from contracts.base import Contract

RULES_FILE = Path(__file__).parent / "rules.json"


class RuleText(Contract):
    """One rule."""

    code: str
    """Never reused for another meaning."""
    title: str
    """What holds where it is kept, in a few words."""
    meaning: str
    """The same in a sentence or two."""
    advice: str
    """What to do where it is broken."""
    only_warns: bool
    """Whether a submission that breaks it is accepted all the same."""


RULE_TEXTS = TypeAdapter(tuple[RuleText, ...])


@cache
def rule_book() -> Mapping[str, RuleText]:
    """By code, in the order in which a submitter would mend them."""
    return {rule.code: rule for rule in RULE_TEXTS.validate_json(RULES_FILE.read_bytes())}
