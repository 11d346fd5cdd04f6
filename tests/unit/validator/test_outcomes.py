"""How each rule came out, whether it is broken or not."""

from collections import Counter
from dataclasses import replace

import pytest

from contracts.models import ModelType, WeightType
from contracts.rule_book import rule_book
from contracts.views import Policy
from services.validator.facts import Access, Adapter, Card, Facts, Repository
from services.validator.rules import Judgement, judged
from services.validator.rules.rule import MOST_FOUND, Case
from tests.unit.validator.examples import (
    BOARD,
    GOOD,
    REPOSITORY,
    TOKENIZER,
    holding,
    submission,
)

ADAPTED = Facts(
    replace(
        REPOSITORY,
        config=None,
        weights=holding(a=("BF16", 1)),
        adapter=Adapter("LORA", base_model="acme/base"),
    ),
    replace(REPOSITORY, weights=holding(w=("BF16", 10))),
    tokenizer=TOKENIZER,
)


def judgement(facts: Facts, **model: object) -> Judgement:
    return judged(Case(facts, submission(**model), BOARD, Policy()))


def outcome_of(code: str, told: Judgement) -> str:
    """The one that there is."""
    (outcome,) = [
        outcome
        for outcome, codes in {
            "broken": [reason.code for reason in (*told.reasons, *told.warnings)],
            "kept": told.rules.kept,
            "not applicable": told.rules.not_applicable,
            "undecided": told.rules.undecided,
        }.items()
        if code in codes
    ]
    return outcome


CASES = {
    "good": judgement(GOOD),
    "good, in its chat template": judgement(GOOD, chat_template=True),
    "adapter": judgement(ADAPTED, weight_type=WeightType.ADAPTER, base_model="acme/base"),
    "adapter without a base": judgement(
        replace(ADAPTED, base=None), weight_type=WeightType.ADAPTER, base_model="acme/base"
    ),
    "delta": judgement(
        replace(GOOD, base=REPOSITORY), weight_type=WeightType.DELTA, base_model="acme/base"
    ),
    "card that stops the client": judgement(Facts(Repository(Access.PUBLIC, card_fault="odd"))),
    **{access.value: judgement(Facts(Repository(access))) for access in Access},
}


@pytest.mark.parametrize("name", CASES)
def test_every_rule_comes_out_once_and_in_the_order_of_the_book(name: str) -> None:
    told, book = CASES[name], list(rule_book())

    counted = Counter(outcome_of(code, told) for code in book)

    assert counted["kept"] == len(told.rules.kept)
    assert counted["broken"] == len(told.reasons) + len(told.warnings)
    for codes in (told.rules.kept, told.rules.not_applicable, told.rules.undecided):
        assert list(codes) == sorted(codes, key=book.index)


def test_a_good_model_keeps_all_that_is_about_it_and_leaves_nothing_undecided() -> None:
    told = CASES["good"]

    assert told.rules.undecided == ()
    assert set(told.rules.not_applicable) == {
        "submitter-banned",
        "base-model-missing",
        "base-model-unusable",
        "adapter-unreadable",
        "adapter-not-mergeable",
        "delta-does-not-fit",
        "delta-precision",
        "chat-template-missing",
        "chat-template-fails",
        "base-model-differs",
        "chat-template-unused",
    }


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("commit-not-found", "a" * 12),
        ("license-missing", "mit"),
        ("card-too-short", "200 characters; at least 200"),
        ("safetensors-missing", "model.safetensors"),
        ("weights-unreadable", "1 tensor"),
        ("architecture-missing", "LlamaForCausalLM"),
        ("tokenizer-does-not-fit", "ids up to 31,999; embeddings for 32,000"),
        ("params-over-limit", "7,000,000,000 parameters; at most 7,000,000,000"),
        ("precision-differs-from-weights", "stored as bfloat16"),
    ],
)
def test_what_was_found_stands_beside_its_limit(code: str, found: str) -> None:
    weights = replace(holding(w=("BF16", 7_000_000_000)), files=("model.safetensors",))

    told = judgement(replace(GOOD, submitted=replace(REPOSITORY, weights=weights)))

    assert told.rules.kept[code] == found


def test_what_an_adapter_leaves_to_its_base_model_does_not_apply_to_it() -> None:
    told = CASES["adapter"]

    assert told.reasons == ()
    assert outcome_of("config-unreadable", told) == "not applicable"
    assert outcome_of("base-model-unusable", told) == "kept"
    assert told.rules.kept["adapter-not-mergeable"] == "LORA"


def test_of_what_nobody_can_see_only_what_is_known_is_kept() -> None:
    told = CASES[Access.MISSING]

    assert [reason.code for reason in told.reasons] == ["model-not-found"]
    # The others know enough by what was submitted.
    assert set(told.rules.kept) == {"model-barred", "precision-not-accepted"}
    assert "model-disabled" in told.rules.undecided


def test_what_is_in_doubt_is_told_of_what_is_refused_as_well() -> None:
    mute = replace(TOKENIZER, has_chat_template=True, has_end_token=False)
    asked = submission().model_copy(update={"model_type": ModelType.CHAT})

    told = judged(Case(replace(GOOD, tokenizer=mute), asked, BOARD, Policy()))

    assert [reason.code for reason in told.reasons] == ["tokenizer-lacks-end-token"]
    assert [warning.code for warning in told.warnings] == ["chat-template-unused"]


def test_a_name_that_a_repository_makes_up_stays_short() -> None:
    endless = replace(REPOSITORY, card=Card(license="x" * 10_000, characters=200))

    told = judgement(replace(GOOD, submitted=endless))

    assert len(told.rules.kept["license-missing"]) < MOST_FOUND + 3
