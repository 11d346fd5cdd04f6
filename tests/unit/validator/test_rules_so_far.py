"""Rules that are asked while facts are still being read."""

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.models import ModelType, WeightType
from contracts.views import Policy
from services.validator.facts import Access, Adapter, Card, Facts, NotReadYetError, Repository
from services.validator.rules import judged, judged_so_far
from services.validator.rules.rule import Case
from tests.unit.validator.examples import (
    BOARD,
    CONFIG,
    GOOD,
    REPOSITORY,
    TOKENIZER,
    holding,
    submission,
)

BASE: dict[str, Any] = {"base_model": "acme/base"}
ODD = replace(
    REPOSITORY,
    card=Card(tags=frozenset({"merge"})),
    config=replace(CONFIG, is_known=False),
    remote_code=("config.json",),
    oversized=("corpus.json",),
    weights=None,
    weights_fault="No headers.",
)
ADAPTER = replace(REPOSITORY, config=None, adapter=Adapter("LORA", base_model="acme/other"))
CASES: dict[str, tuple[Facts, dict[str, Any]]] = {
    "good": (GOOD, {}),
    "in its chat template": (GOOD, {"chat_template": True}),
    "with a broken template": (
        replace(
            GOOD,
            tokenizer=replace(TOKENIZER, has_chat_template=True, chat_template_fault="No end."),
        ),
        {"chat_template": True},
    ),
    "odd": (Facts(ODD, tokenizer=TOKENIZER), {}),
    "unusable tokenizer": (
        Facts(replace(REPOSITORY, remote_code=("config.json",)), tokenizer_fault="No file."),
        {},
    ),
    "adapter": (
        Facts(ADAPTER, REPOSITORY, TOKENIZER),
        {"weight_type": WeightType.ADAPTER, **BASE},
    ),
    "adapter of an odd model": (
        Facts(ADAPTER, ODD, TOKENIZER),
        {"weight_type": WeightType.ADAPTER, **BASE},
    ),
    "delta": (
        Facts(replace(REPOSITORY, weights=holding(w=("BF16", 1))), REPOSITORY, TOKENIZER),
        {"weight_type": WeightType.DELTA, **BASE},
    ),
    **{access.value: (Facts(Repository(access)), {}) for access in Access},
}
PARTS = [
    (part, field.name)
    for part, kind in (("", Facts), ("submitted", Repository), ("base", Repository))
    for field in fields(kind)
]


def in_part(facts: Facts, unread: Collection[tuple[str, str]]) -> Facts:
    """The same, before those that are named by part and field have been read."""
    known = facts
    for part in ("submitted", "base"):
        whole = getattr(facts, part)
        if whole is not None:
            names = [name for of, name in unread if of == part]
            known = known.knowing(**{part: whole.yet_to_read(*names)})
    return known.yet_to_read(*(name for of, name in unread if not of))


@given(name=st.sampled_from(sorted(CASES)), unread=st.sets(st.sampled_from(PARTS)))
def test_no_fact_that_is_read_later_changes_what_was_said(
    name: str, unread: set[tuple[str, str]]
) -> None:
    facts, said = CASES[name]
    received = submission(**said).model_copy(update={"model_type": ModelType.CHAT})
    whole = Case(facts, received, BOARD, Policy())

    so_far = judged_so_far(replace(whole, facts=in_part(facts, unread)))

    final = judged(whole)
    assert set(so_far.reasons) <= set(final.reasons)
    assert set(so_far.warnings) <= set(final.warnings)
    assert so_far.rules.kept.items() <= final.rules.kept.items()
    assert set(so_far.rules.not_applicable) <= set(final.rules.not_applicable)
    assert set(so_far.rules.undecided) <= set(final.rules.undecided)


@pytest.mark.parametrize("name", CASES)
def test_with_every_fact_no_rule_waits(name: str) -> None:
    facts, said = CASES[name]
    case = Case(facts, submission(**said), BOARD, Policy())

    assert judged_so_far(case) == judged(case)


def test_a_verdict_is_not_given_on_half_the_facts() -> None:
    half = GOOD.yet_to_read("tokenizer")

    with pytest.raises(NotReadYetError, match="tokenizer"):
        judged(Case(half, submission(), BOARD, Policy()))


def test_without_any_fact_what_the_submission_says_settles_rules() -> None:
    told = judged_so_far(Case(Facts.begun(base=None), submission(), BOARD, Policy()))

    assert set(told.rules.kept) == {"model-barred", "precision-not-accepted"}
    assert "delta-precision" in told.rules.not_applicable
    assert "model-not-found" in told.waiting


@pytest.mark.parametrize(("named", "waits"), [((), False), (("config.json",), True)])
def test_only_code_of_its_own_makes_a_model_wait_for_its_tokenizer(
    named: tuple[str, ...], waits: bool
) -> None:
    facts = replace(GOOD, submitted=replace(REPOSITORY, remote_code=named))

    told = judged_so_far(Case(facts.yet_to_read("tokenizer_fault"), submission(), BOARD, Policy()))

    assert ("remote-code-needed" in told.waiting) is waits
