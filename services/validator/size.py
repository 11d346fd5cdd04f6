"""How large a model is, and which tier that makes it."""

from contracts.models import Precision, Tier
from services.validator.facts import Config, Weights

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

# What a forward pass needs beside the weights, by the customary rule of thumb.
_OVERHEAD = 1.2
# One card of 24 GB, one of 80 GB, four of those; XLARGE is what needs a whole node of eight.
_TIER_BYTES = {Tier.SMALL: 24e9, Tier.MEDIUM: 80e9, Tier.LARGE: 320e9}


def parameters(weights: Weights, config: Config) -> int:
    """Number of parameters. Quantised repositories count the packed ones as well; their scales and
    zero points, about a hundredth, are counted too."""
    bits = config.quantized_bits
    return sum(
        count * (max(1, _PACKED_BITS.get(dtype, 0) // bits) if bits else 1)
        for dtype, count in weights.elements.items()
    )


def weight_bytes(parameters: int, precision: Precision, config: Config) -> int:
    """Size of the weights once loaded."""
    bits = config.quantized_bits if precision is Precision.GPTQ else None
    return parameters * (bits or _BITS[precision]) // 8


def tier(weight_bytes: int) -> Tier:
    """The smallest tier whose accelerators hold weights of this size."""
    needed = weight_bytes * _OVERHEAD
    return next((tier for tier, room in _TIER_BYTES.items() if needed <= room), Tier.XLARGE)
