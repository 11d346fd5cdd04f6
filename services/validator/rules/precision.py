"""Whether the submitted precision is accepted, is that of the weights, and leaves room for them."""

from contracts.models import Precision
from services.validator import size
from services.validator.rules.rule import (
    NOT_APPLICABLE,
    UNDECIDED,
    Broken,
    Case,
    Kept,
    Outcome,
    rule,
)

_STORED = {"F32": Precision.FLOAT32, "F16": Precision.FLOAT16, "BF16": Precision.BFLOAT16}


@rule(
    "precision-not-accepted",
    title="Precision is accepted",
    advice="Submit it in a precision that the board accepts.",
)
def is_accepted(case: Case) -> Outcome:
    """The board has a limit for the submitted precision."""
    accepted = case.board.limits.max_parameters
    if case.model.precision in accepted:
        return Kept(case.model.precision)
    return Broken(
        f"The board {case.board.name} does not accept {case.model.precision}; it accepts"
        f" {', '.join(accepted)}."
    )


@rule(
    "precision-contradicts-weights",
    title="Precision is that of the weights",
    advice="Submit the precision that the weights are in; of another method of quantisation, submit"
    " the weights it was made from.",
)
def is_that_of_the_weights(case: Case) -> Outcome:
    """Quantised weights are submitted as what `quantization_config` in config.json says they are.
    Others may be submitted as 8bit and 4bit, and are then quantised when they are loaded."""
    whole = case.whole
    if whole is None or whole.config is None:
        return UNDECIDED
    stored, said = whole.config.quantization, case.model.precision
    if stored is None and said is Precision.GPTQ:
        return Broken(
            "The submission says gptq, but config.json has no `quantization_config`: these weights"
            " are not quantised."
        )
    if stored is None or stored == said:
        return Kept(f"quantised as {stored}" if stored else "not quantised")
    return Broken(
        f"The submission says {said}, but `quantization_config` in config.json says that the"
        f" weights are quantised as {stored}."
    )


@rule(
    "params-over-limit",
    title="Parameters are within the limit",
    advice="Submit a smaller model, or a precision with a higher limit.",
)
def fits_the_limit(case: Case) -> Outcome:
    """The model has at most as many parameters as the board accepts in the submitted precision, by
    the safetensors headers. Those of an adapter and of its base model count together."""
    whole = case.whole
    if whole is None or whole.config is None:
        return UNDECIDED
    precision, bits = case.model.precision, whole.config.quantized_bits
    most = case.board.limits.most_parameters(precision, bits)
    count = size.total_parameters(case.facts, case.model.weight_type)
    if most is None or count is None:
        return UNDECIDED
    if count <= most:
        return Kept(f"{count:,} parameters; at most {most:,}")
    in_bits = f" of {bits} bits" if precision is Precision.GPTQ and bits else ""
    return Broken(
        f"The model has {count:,} parameters ({count / 1e9:,.3f} billion); the board accepts up to"
        f" {most:,} ({most / 1e9:,.3f} billion) in {precision}{in_bits}."
    )


@rule(
    "precision-differs-from-weights",
    title="Weights keep their precision",
    advice="Submit it in the precision of the weights to measure it as it was published.",
)
def keeps_the_stored_precision(case: Case) -> Outcome:
    """A float precision is the one that most of the weights are stored in; otherwise they are
    converted, which may move scores."""
    whole = case.whole
    if case.model.precision not in _STORED.values():
        return NOT_APPLICABLE
    if whole is None or whole.weights is None:
        return UNDECIDED
    ((dtype, _),) = whole.weights.elements.most_common(1)
    stored = _STORED.get(dtype)
    if stored is None:
        return NOT_APPLICABLE
    if stored is case.model.precision:
        return Kept(f"stored as {stored}")
    return Broken(
        f"The weights are stored as {stored}, and are converted to {case.model.precision}."
    )
