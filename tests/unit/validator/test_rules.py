"""What no model on a Hub has to be made for; the others are in the integration tests."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.models import Reason, WeightType
from contracts.views import Policy, Ruling
from services.validator.facts import Access, Facts, Repository
from services.validator.rules import RULES, WARNING_RULES, judged
from services.validator.rules.page import generated_files
from services.validator.rules.rule import Case
from tests.unit.validator.examples import (
    BOARD,
    CONFIG,
    GOOD,
    REPOSITORY,
    TOKENIZER,
    submission,
)


def broken(facts: Facts, **model: Any) -> list[str]:
    case = Case(facts, submission(**model), BOARD, Policy())
    return [reason.code for reason in judged(case).reasons]


def only_reason(facts: Facts, **model: Any) -> Reason:
    (reason,) = judged(Case(facts, submission(**model), BOARD, Policy())).reasons
    return reason


def test_a_model_that_breaks_no_rule_has_no_reasons_against_it() -> None:
    assert broken(GOOD) == []


@pytest.mark.parametrize("access", [each for each in Access if each is not Access.PUBLIC])
def test_of_what_nobody_can_see_nothing_else_is_said(access: Access) -> None:
    assert len(broken(Facts(Repository(access)), chat_template=True)) == 1


@pytest.mark.parametrize(
    ("unusable", "fault"),
    [
        ({"config": None, "config_fault": "custom code"}, None),
        ({"config": replace(CONFIG, architecture="Odd", is_known=False)}, None),
        ({}, "custom code"),
    ],
)
def test_a_model_that_only_its_own_code_can_load_is_refused_for_that_reason_alone(
    unusable: dict[str, Any], fault: str | None
) -> None:
    repository = replace(REPOSITORY, remote_code=("config.json",), **unusable)

    reason = only_reason(Facts(repository, tokenizer_fault=fault))

    assert reason.code == "remote-code-needed"
    assert "`auto_map` in config.json" in reason.message


def test_code_in_the_repository_does_no_harm_where_transformers_has_its_own() -> None:
    repository = replace(REPOSITORY, remote_code=("config.json", "tokenizer_config.json"))

    assert broken(Facts(repository, tokenizer=TOKENIZER)) == []


def ruling(name: str) -> Ruling:
    return Ruling(
        name=name, reason="Its authors asked for it.", at=datetime(2026, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("policy", "codes"),
    [
        (Policy(barred=(ruling("acme/tiny"),)), ["model-barred"]),
        (Policy(barred=(ruling("acme/base"),)), ["model-barred"]),
        (Policy(barred=(ruling("ACME/Tiny"),)), ["model-barred"]),
        (Policy(barred=(ruling("acme/BASE"),)), ["model-barred"]),
        (Policy(barred=(ruling("new/name"),)), ["model-barred"]),
        (Policy(banned=(ruling("ada"),)), ["submitter-banned"]),
        (Policy(banned=(ruling("Ada"),)), ["submitter-banned"]),
        (Policy(banned=(ruling("acme"),), barred=(ruling("ada/tiny"),)), []),
        (Policy(official_providers=(ruling("ada"),)), []),
    ],
)
def test_what_moderators_have_decided_holds(policy: Policy, codes: list[str]) -> None:
    delta = submission(weight_type=WeightType.DELTA, base_model="acme/base")
    base = replace(REPOSITORY, repo_id="new/name")  # the Hub has renamed it
    case = Case(
        replace(GOOD, base=base), delta.model_copy(update={"submitter": "ada"}), BOARD, policy
    )

    assert [reason.code for reason in judged(case).reasons] == codes


def test_a_sentence_stays_short_whatever_a_repository_holds() -> None:
    files = tuple(f"pytorch_model-{n:05}.bin" for n in range(10_000))
    repository = replace(REPOSITORY, weights=None, weight_files=files)

    reason = only_reason(Facts(repository, tokenizer=TOKENIZER))

    assert reason.code == "safetensors-missing"
    assert len(reason.message) < 1100
    assert reason.message.endswith("…")


def test_no_two_rules_share_a_code() -> None:
    codes = Counter(rule.code for rule in (*RULES, *WARNING_RULES))

    assert {code for code, count in codes.items() if count > 1} == set()


def test_the_page_of_rules_and_the_rule_book_are_current() -> None:
    for path, text in generated_files().items():
        assert path.read_text() == text, "run: python -m services.validator.rules.page"
