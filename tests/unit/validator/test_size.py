import pytest

from contracts.models import Precision, Tier
from services.validator.facts import Config
from services.validator.size import parameters, tier, weight_bytes
from tests.unit.validator.examples import holding

PLAIN = Config("LlamaForCausalLM")
FOUR_BITS = Config("LlamaForCausalLM", quantized_bits=4)


def test_parameters_of_all_dtypes_are_counted() -> None:
    assert parameters(holding(a=("BF16", 10), b=("F32", 5)), PLAIN) == 15


@pytest.mark.parametrize(("dtype", "held"), [("I32", 8), ("U8", 2), ("F16", 1)])
def test_a_packed_element_holds_several_parameters(dtype: str, held: int) -> None:
    assert parameters(holding(a=(dtype, 10)), FOUR_BITS) == 10 * held
    assert parameters(holding(a=(dtype, 10)), PLAIN) == 10


@pytest.mark.parametrize(
    "name",
    [
        "a.qzeros",
        "a.scales",
        "a.g_idx",
        "a.weight.absmax",
        "a.weight.quant_state.bitsandbytes__nf4",
        "a.SCB",
    ],
)
def test_scales_beside_packed_weights_are_no_parameters(name: str) -> None:
    assert parameters(holding(**{"a.weight": ("U8", 10), name: ("F32", 5)}), FOUR_BITS) == 20


def test_three_bits_fill_three_integers_with_32_parameters() -> None:
    three = Config("LlamaForCausalLM", quantized_bits=3)

    assert parameters(holding(**{"a.qweight": ("I32", 3)}), three) == 32


@pytest.mark.parametrize(
    ("precision", "size"),
    [
        (Precision.FLOAT32, 4000),
        (Precision.FLOAT16, 2000),
        (Precision.BFLOAT16, 2000),
        (Precision.INT8, 1000),
        (Precision.INT4, 500),
        (Precision.GPTQ, 500),
    ],
)
def test_the_precision_decides_how_much_memory_the_weights_take(
    precision: Precision, size: int
) -> None:
    assert weight_bytes(1000, precision, PLAIN) == size


def test_gptq_weights_take_the_bits_their_config_says() -> None:
    assert weight_bytes(1000, Precision.GPTQ, Config("L", quantized_bits=8)) == 1000


@pytest.mark.parametrize(
    ("billions", "expected"),
    [(10, Tier.SMALL), (11, Tier.MEDIUM), (33, Tier.MEDIUM), (70, Tier.LARGE), (140, Tier.XLARGE)],
)
def test_the_tier_is_the_smallest_whose_cards_hold_the_weights_and_a_fifth_more(
    billions: int, expected: Tier
) -> None:
    assert tier(weight_bytes(billions * 10**9, Precision.BFLOAT16, PLAIN)) is expected
