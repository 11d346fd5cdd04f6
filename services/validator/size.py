"""How large a model is, and which tier that makes it."""

from contracts.models import Precision, Tier, WeightType
from services.validator.facts import Config, Facts, Tensor, Weights

_BITS = {
    Precision.FLOAT32: 32,
    Precision.FLOAT16: 16,
    Precision.BFLOAT16: 16,
    Precision.INT8: 8,
    Precision.INT4: 4,
    Precision.GPTQ: 4,
}
# Quantised weights are packed into integers: GPTQ and AWQ fill 32 bits, bitsandbytes 8.
_PACKED_BITS = {"I32": 32, "U8": 8}
# What lies beside them, by the last part of the tensor's name: GPTQ's and AWQ's, bitsandbytes'.
_SCALES = frozenset({"qzeros", "scales", "g_idx"}) | frozenset(
    {"SCB", "weight_format", "absmax", "quant_map", "nested_absmax", "nested_quant_map"}
)
_SCALES_OF_4_BITS = "bitsandbytes__"

# What a forward pass needs beside the weights, by the customary rule of thumb.
_OVERHEAD = 1.2
# One card of 24 GB, one of 80 GB, four of those; XLARGE is what needs a whole node of eight.
_TIER_BYTES = {Tier.SMALL: 24e9, Tier.MEDIUM: 80e9, Tier.LARGE: 320e9}


def total_parameters(facts: Facts, weight_type: WeightType) -> int | None:
    """Of everything that is loaded for the evaluation, an adapter's base model among it; None when
    a part of it is unknown. A delta has as many as its base model, and becomes it."""
    submitted, base = facts.submitted, facts.base
    if weight_type is not WeightType.ADAPTER:
        config = submitted.config
        return parameters(submitted.weights, config) if submitted.weights and config else None
    if not (submitted.weights and base and base.weights and base.config):
        return None
    return submitted.weights.elements.total() + parameters(base.weights, base.config)


def parameters(weights: Weights, config: Config) -> int:
    """Number of parameters: of quantised weights, those that are packed into the integers."""
    if config.quantized_bits is None:
        return weights.elements.total()
    bits = config.quantized_bits
    return sum(
        _unpacked(tensor, bits)
        for name, tensor in weights.tensors.items()
        if not _is_scale(name.rpartition(".")[2])
    )


def weight_bytes(parameters: int, precision: Precision, config: Config) -> int:
    """Size of the weights once loaded."""
    bits = config.quantized_bits if precision is Precision.GPTQ else None
    return parameters * (bits or _BITS[precision]) // 8


def tier(weight_bytes: int) -> Tier:
    """The smallest tier whose accelerators hold weights of this size."""
    needed = weight_bytes * _OVERHEAD
    return next((tier for tier, room in _TIER_BYTES.items() if needed <= room), Tier.XLARGE)


def _unpacked(tensor: Tensor, bits: int) -> int:
    # Three bits do not divide 32; GPTQ packs 32 of them into three integers.
    return tensor.elements * max(bits, _PACKED_BITS.get(tensor.dtype, bits)) // bits


def _is_scale(name: str) -> bool:
    return name in _SCALES or name.startswith(_SCALES_OF_4_BITS)
