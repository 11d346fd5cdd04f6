import itertools
from dataclasses import replace
from typing import Any

import pytest

from contracts.board import Board, BoardTask, Limits
from contracts.models import ModelRef, ModelType, Precision, Reason, WeightType
from contracts.submission import SubmissionReceived, submission_id
from services.validator.facts import Access, Config, Facts, Tokenizer, Weights
from services.validator.rules import RULES, violations

BOARD = Board(
    name="demo",
    title="Demo",
    version=1,
    tasks=(
        BoardTask(id="facts", title="Facts", harness_task="t", metrics=("acc,none",), choices=4),
    ),
    limits=Limits(max_parameters={Precision.BFLOAT16: 7_000_000_000, Precision.GPTQ: 10**10}),
)
CONFIG = Config("LlamaForCausalLM", is_known=True, is_causal_lm=True)
GOOD = Facts(
    Access.PUBLIC,
    license="mit",
    weight_files=("model.safetensors",),
    weights=Weights({"BF16": 7_000_000_000}),
    config=CONFIG,
    tokenizer=Tokenizer(has_chat_template=True),
)


def submission(**model: Any) -> SubmissionReceived:
    reference = ModelRef(
        **{"repo_id": "acme/tiny", "commit": "a" * 40, "precision": Precision.BFLOAT16} | model
    )
    return SubmissionReceived(
        sid=submission_id(reference, BOARD.name),
        board=BOARD.name,
        model=reference,
        model_type=ModelType.PRETRAINED,
    )


def broken(facts: Facts, **model: Any) -> list[str]:
    return [reason.code for reason in violations(facts, submission(**model), BOARD)]


def only_reason(facts: Facts, **model: Any) -> Reason:
    (reason,) = violations(facts, submission(**model), BOARD)
    return reason


def test_a_model_that_breaks_no_rule_has_no_reasons_against_it() -> None:
    assert broken(GOOD) == []
    assert broken(GOOD, chat_template=True) == []


@pytest.mark.parametrize(
    ("access", "code"),
    [
        (Access.MISSING, "model-not-found"),
        (Access.COMMIT_MISSING, "commit-not-found"),
        (Access.GATED, "model-gated"),
        (Access.DISABLED, "model-disabled"),
    ],
)
def test_of_what_nobody_can_see_nothing_else_is_said(access: Access, code: str) -> None:
    assert broken(Facts(access)) == [code]


def test_what_the_submission_itself_breaks_is_said_even_then() -> None:
    assert broken(Facts(Access.MISSING), precision=Precision.INT8) == [
        "model-not-found",
        "precision-not-accepted",
    ]


def test_a_license_is_needed() -> None:
    assert only_reason(replace(GOOD, license=None)).code == "license-missing"


def test_adapters_are_not_accepted() -> None:
    reason = only_reason(GOOD, weight_type=WeightType.ADAPTER, base_model="acme/base")

    assert reason.code == "weight-type-not-accepted"
    assert "adapter" in reason.message


def test_pickles_are_named_when_there_is_no_safetensors_file() -> None:
    reason = only_reason(replace(GOOD, weights=None, weight_files=("pytorch_model.bin",)))

    assert reason.code == "safetensors-missing"
    assert "it holds pytorch_model.bin" in reason.message


def test_unreadable_headers_are_told_with_their_fault() -> None:
    reason = only_reason(replace(GOOD, weights=None, weights_fault="model.safetensors is empty."))

    assert reason.code == "weights-unreadable"
    assert "model.safetensors is empty." in reason.message


def test_files_too_large_to_look_at_are_named() -> None:
    reason = only_reason(replace(GOOD, oversized=("corpus.json",)))

    assert reason.code == "files-too-large"
    assert "corpus.json" in reason.message


@pytest.mark.parametrize(
    "unusable",
    [
        {"config": None, "config_fault": "custom code", "tokenizer": None},
        {"config": replace(CONFIG, architecture="OddForCausalLM", is_known=False)},
        {"tokenizer": None, "tokenizer_fault": "custom code"},
    ],
)
def test_a_model_that_only_its_own_code_can_load_is_refused_for_that_reason_alone(
    unusable: dict[str, Any],
) -> None:
    reason = only_reason(replace(GOOD, remote_code=("config.json",), **unusable))

    assert reason.code == "remote-code-needed"
    assert "`auto_map` in config.json" in reason.message


def test_code_in_the_repository_does_no_harm_where_transformers_has_its_own() -> None:
    assert broken(replace(GOOD, remote_code=("config.json", "tokenizer_config.json"))) == []


def test_a_config_that_does_not_load_is_told_with_its_fault() -> None:
    reason = only_reason(
        replace(GOOD, config=None, config_fault="no model_type", tokenizer=None),
        chat_template=True,
    )

    assert reason.code == "config-unreadable"
    assert "no model_type" in reason.message


def test_an_architecture_that_transformers_lacks_is_named() -> None:
    odd = replace(CONFIG, architecture="OddForCausalLM", is_known=False, is_causal_lm=False)
    reason = only_reason(replace(GOOD, config=odd))

    assert reason.code == "architecture-unknown"
    assert "OddForCausalLM" in reason.message


def test_a_config_has_to_name_its_architecture() -> None:
    nameless = Config(architecture=None)
    reason = only_reason(replace(GOOD, config=nameless))

    assert reason.code == "architecture-unknown"
    assert "names no architecture" in reason.message


def test_a_classifier_is_no_causal_language_model() -> None:
    bert = Config("BertForSequenceClassification", is_known=True)
    reason = only_reason(replace(GOOD, config=bert))

    assert reason.code == "architecture-not-causal-lm"
    assert "BertForSequenceClassification" in reason.message


def test_a_tokenizer_that_does_not_load_is_told_with_its_fault() -> None:
    reason = only_reason(replace(GOOD, tokenizer=None, tokenizer_fault="no vocabulary"))

    assert reason.code == "tokenizer-unreadable"
    assert "no vocabulary" in reason.message


def test_a_chat_template_is_needed_only_where_it_is_asked_for() -> None:
    plain = replace(GOOD, tokenizer=Tokenizer(has_chat_template=False))

    assert broken(plain) == []
    assert broken(plain, chat_template=True) == ["chat-template-missing"]


def test_a_precision_without_a_limit_is_not_accepted() -> None:
    reason = only_reason(GOOD, precision=Precision.FLOAT32)

    assert reason.code == "precision-not-accepted"
    assert "bfloat16, gptq" in reason.advice


def test_the_limit_of_the_precision_is_the_most_that_is_accepted() -> None:
    one_more = replace(GOOD, weights=Weights({"BF16": 7_001_000_000}))
    reason = only_reason(one_more)

    assert reason.code == "params-over-limit"
    assert "7.001 billion" in reason.message
    assert "7.000 billion in bfloat16" in reason.message


def test_packed_weights_count_as_the_parameters_they_hold() -> None:
    packed = replace(
        GOOD,
        weights=Weights({"I32": 1_000_000_000, "F16": 1_000}),
        config=replace(CONFIG, quantized_bits=2),
    )

    assert broken(packed, precision=Precision.GPTQ) == ["params-over-limit"]


def test_every_broken_rule_is_told_at_once() -> None:
    facts = replace(
        GOOD,
        license=None,
        weights=Weights({"BF16": 10**11}),
        config=Config("BertForSequenceClassification", is_known=True),
        tokenizer=None,
        tokenizer_fault="no vocabulary",
    )

    assert broken(facts) == [
        "license-missing",
        "architecture-not-causal-lm",
        "tokenizer-unreadable",
        "params-over-limit",
    ]


def test_no_two_rules_share_a_code() -> None:
    everything_wrong = [
        replace(GOOD, license=None),
        replace(GOOD, weights=None),
        replace(GOOD, weights=None, weights_fault="f"),
        replace(GOOD, oversized=("f",)),
        replace(GOOD, config=None, config_fault="f"),
        replace(GOOD, tokenizer=None, tokenizer_fault="f"),
        replace(GOOD, weights=Weights({"F32": 10**12})),
        Facts(Access.GATED),
    ]
    rules_by_code: dict[str, set[Any]] = {}
    for facts, rule in itertools.product(everything_wrong, RULES):
        if reason := rule(facts, submission(chat_template=True, precision="bfloat16"), BOARD):
            rules_by_code.setdefault(reason.code, set()).add(rule)

    assert len(rules_by_code) == 8
    assert {len(rules) for rules in rules_by_code.values()} == {1}
