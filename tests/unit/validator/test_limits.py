"""The limits of the boards that ship, at and around each bound."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.board import Board
from contracts.models import Precision, WeightType
from contracts.views import Policy
from runtime.boards import load_boards
from runtime.settings import REPOSITORY as CHECKOUT
from services.validator.facts import Facts, Weights
from services.validator.rules import judged
from services.validator.rules.rule import Case
from tests.unit.validator.examples import CONFIG, REPOSITORY, TOKENIZER, holding, submission

BILLION = 10**9
BOUNDS = {
    (Precision.FLOAT16, None): 100 * BILLION,
    (Precision.BFLOAT16, None): 100 * BILLION,
    (Precision.INT8, None): 280 * BILLION,
    (Precision.INT4, None): 560 * BILLION,
    (Precision.GPTQ, 2): 1120 * BILLION,
    (Precision.GPTQ, 3): 840 * BILLION,
    (Precision.GPTQ, 4): 560 * BILLION,
    (Precision.GPTQ, 8): 280 * BILLION,
}
BOARDS = load_boards(CHECKOUT / "boards")
LIMITED = ("open-llm-v1", "open-llm-v2")
# Right at a bound, near it, and anywhere.
around_it = st.integers(-3, 3) | st.integers(-(10**6), 10**6) | st.integers(-(10**12), 10**12)


def facts(weights: Weights, precision: Precision, bits: int | None) -> Facts:
    quantization = precision if bits else None
    config = replace(CONFIG, quantized_bits=bits, quantization=quantization)
    return Facts(replace(REPOSITORY, weights=weights, config=config), tokenizer=TOKENIZER)


def broken(facts: Facts, board: Board, **model: object) -> list[str]:
    case = Case(facts, submission(**model), board, Policy())
    return [reason.code for reason in judged(case).reasons]


@pytest.mark.parametrize("board", LIMITED)
@pytest.mark.parametrize(("precision", "bits"), BOUNDS)
@pytest.mark.parametrize(
    ("more", "codes"),
    [
        (-BILLION, []),
        (-1, []),
        (0, []),
        (1, ["params-over-limit"]),
        (BILLION, ["params-over-limit"]),
    ],
)
def test_the_bound_is_the_most_that_is_accepted(
    board: str, precision: Precision, bits: int | None, more: int, codes: list[str]
) -> None:
    weights = holding(w=("BF16", BOUNDS[precision, bits] + more))

    judged = broken(facts(weights, precision, bits), BOARDS[board], precision=precision)

    assert judged == codes


@given(st.sampled_from(LIMITED), st.sampled_from(list(BOUNDS)), around_it, st.integers(1, 50))
def test_exactly_what_exceeds_the_bound_is_refused_however_many_tensors_it_is_in(
    board: str, form: tuple[Precision, int | None], more: int, tensors: int
) -> None:
    precision, bits = form
    count = max(tensors, BOUNDS[form] + more)
    shares = [count // tensors + (n < count % tensors) for n in range(tensors)]
    weights = holding(**{f"t{n}": ("BF16", share) for n, share in enumerate(shares)})

    judged = broken(facts(weights, precision, bits), BOARDS[board], precision=precision)

    assert judged == (["params-over-limit"] if count > BOUNDS[form] else [])


@given(st.sampled_from([2, 3, 4, 8]), around_it)
def test_packed_weights_are_refused_exactly_when_what_is_in_them_exceeds_the_bound(
    bits: int, more: int
) -> None:
    bound = BOUNDS[Precision.GPTQ, bits]
    integers = max(1, bound * bits // 32 + more)
    packed = holding(**{"a.qweight": ("I32", integers), "a.scales": ("F16", 10**15)})

    judged = broken(
        facts(packed, Precision.GPTQ, bits), BOARDS["open-llm-v2"], precision=Precision.GPTQ
    )

    assert judged == (["params-over-limit"] if integers * 32 // bits > bound else [])


@given(around_it, st.floats(0, 1))
def test_an_adapter_and_its_base_share_the_bound_in_whatever_proportion(
    more: int, share: float
) -> None:
    count = max(2, 100 * BILLION + more)
    of_adapter = min(count - 1, max(1, int(count * share)))
    base = replace(REPOSITORY, weights=holding(w=("BF16", count - of_adapter)))
    adapter = replace(REPOSITORY, config=None, weights=holding(a=("BF16", of_adapter)))

    judged = broken(
        Facts(adapter, base, tokenizer=TOKENIZER),
        BOARDS["open-llm-v2"],
        weight_type=WeightType.ADAPTER,
        base_model="acme/base",
    )

    assert judged == (["params-over-limit"] if count > 100 * BILLION else [])


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_packed_integers_count_as_the_parameters_in_them(bits: int) -> None:
    bound = BOUNDS[Precision.GPTQ, bits]
    integers = bound * bits // 32
    board = BOARDS["open-llm-v2"]

    for more, codes in ((0, []), (bits, ["params-over-limit"])):
        packed = holding(
            **{
                "a.qweight": ("I32", integers + more),
                "a.scales": ("F16", BILLION),
                "a.qzeros": ("I32", BILLION),
            }
        )
        judged = broken(facts(packed, Precision.GPTQ, bits), board, precision=Precision.GPTQ)
        assert judged == codes


def test_gptq_of_other_bits_has_the_bound_of_gptq() -> None:
    limits = BOARDS["open-llm-v2"].limits

    assert limits.most_parameters(Precision.GPTQ, 5) == limits.max_parameters[Precision.GPTQ]


@pytest.mark.parametrize(("more", "codes"), [(0, []), (1, ["params-over-limit"])])
def test_an_adapter_counts_together_with_its_base_model(more: int, codes: list[str]) -> None:
    base = replace(REPOSITORY, weights=holding(w=("BF16", 99 * BILLION)))
    adapter = replace(REPOSITORY, config=None, weights=holding(a=("BF16", BILLION + more)))

    judged = broken(
        Facts(adapter, base, tokenizer=TOKENIZER),
        BOARDS["open-llm-v2"],
        weight_type=WeightType.ADAPTER,
        base_model="acme/base",
    )

    assert judged == codes


def test_the_sentence_names_both_numbers() -> None:
    large = facts(holding(w=("BF16", 100 * BILLION + 1)), Precision.BFLOAT16, None)

    (reason,) = judged(Case(large, submission(), BOARDS["open-llm-v2"], Policy())).reasons

    assert "100,000,000,001 parameters" in reason.message
    assert "up to 100,000,000,000 (100.000 billion) in bfloat16" in reason.message


def test_a_precision_without_a_bound_is_not_accepted() -> None:
    judged = broken(
        facts(holding(w=("F32", 1)), Precision.FLOAT32, None),
        BOARDS["open-llm-v2"],
        precision=Precision.FLOAT32,
    )

    assert judged == ["precision-not-accepted"]
