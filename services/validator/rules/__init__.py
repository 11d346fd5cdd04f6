"""The rule book. Pure: facts in, reasons out.

Every rule is asked; one that cannot be judged because an earlier fact is missing says so."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from contracts.check import RuleOutcomes
from contracts.models import Reason
from services.validator.facts import NotReadYetError
from services.validator.rules import (
    access,
    architecture,
    base_model,
    card,
    model_type,
    moderation,
    precision,
    tokenizer,
    weights,
)
from services.validator.rules.rule import (
    MOST_FOUND,
    Broken,
    Case,
    Kept,
    Outcome,
    Rule,
    Silent,
    shortened,
)

RULES: tuple[Rule, ...] = (
    moderation.is_of_no_banned_user,
    moderation.is_not_barred,
    access.exists,
    access.has_the_commit,
    access.is_not_gated,
    access.is_not_disabled,
    access.holds_nothing_unsafe,
    card.has_a_card,
    card.is_licensed,
    card.describes_the_model,
    weights.is_what_it_says,
    weights.has_safetensors,
    weights.has_readable_weights,
    weights.has_files_of_sensible_size,
    architecture.needs_no_remote_code,
    architecture.has_readable_config,
    architecture.names_its_architecture,
    architecture.has_known_architecture,
    architecture.is_causal_language_model,
    base_model.names_its_base_model,
    base_model.has_a_usable_base_model,
    base_model.has_readable_adapter,
    base_model.is_mergeable,
    base_model.delta_fits_its_base,
    base_model.delta_is_added_to_floats,
    tokenizer.has_readable_tokenizer,
    tokenizer.encodes_text,
    tokenizer.has_an_end_token,
    tokenizer.fits_the_embeddings,
    tokenizer.has_chat_template,
    tokenizer.has_working_chat_template,
    precision.is_accepted,
    precision.is_that_of_the_weights,
    precision.fits_the_limit,
)
"""In the order in which a submitter would mend them."""

WARNING_RULES: tuple[Rule, ...] = (
    access.holds_nothing_suspicious,
    base_model.is_submitted_with_its_own_base,
    tokenizer.uses_its_chat_template,
    precision.keeps_the_stored_precision,
    model_type.is_of_its_type,
)
"""To break one of these is no reason to refuse."""


@dataclass(frozen=True)
class Judgement:
    reasons: tuple[Reason, ...]
    """Every rule the submission breaks; empty when the model may be evaluated."""
    warnings: tuple[Reason, ...]
    """What the submitter should know of a model although it may be evaluated."""
    rules: RuleOutcomes
    """All others."""
    waiting: tuple[str, ...] = ()
    """Codes of those that need a fact which is still to be read; none in a verdict."""


def judged(case: Case) -> Judgement:
    return _judgement({rule: rule.outcome(case) for rule in (*RULES, *WARNING_RULES)})


def judged_so_far(case: Case) -> Judgement:
    """While facts are still being read. What a rule says without looking at any of those, it says
    in the end."""
    outcomes: dict[Rule, Outcome] = {}
    for rule in (*RULES, *WARNING_RULES):
        with suppress(NotReadYetError):
            outcomes[rule] = rule.outcome(case)
    return _judgement(outcomes)


def _judgement(outcomes: Mapping[Rule, Outcome]) -> Judgement:
    def broken(rules: tuple[Rule, ...]) -> tuple[Reason, ...]:
        return tuple(
            rule.reason(outcome)
            for rule in rules
            if isinstance(outcome := outcomes.get(rule), Broken)
        )

    def silent(why: Silent) -> tuple[str, ...]:
        return tuple(rule.code for rule, outcome in outcomes.items() if outcome is why)

    return Judgement(
        reasons=broken(RULES),
        warnings=broken(WARNING_RULES),
        rules=RuleOutcomes(
            kept={
                rule.code: shortened(outcome.found, MOST_FOUND)
                for rule, outcome in outcomes.items()
                if isinstance(outcome, Kept)
            },
            not_applicable=silent(Silent.NOT_APPLICABLE),
            undecided=silent(Silent.UNDECIDED),
        ),
        waiting=tuple(rule.code for rule in (*RULES, *WARNING_RULES) if rule not in outcomes),
    )
