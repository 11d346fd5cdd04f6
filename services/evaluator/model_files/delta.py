"""Delta weights + their base model → the model they were made from."""

import torch
from transformers import PreTrainedModel

from contracts.models import Precision
from services.evaluator.failures import EvaluationFault, blame_model
from services.evaluator.model_files.precision import is_float


def check_precision(precision: Precision) -> None:
    if not is_float(precision):
        raise blame_model(
            "precision-contradicts-weights",
            f"The submission says {precision}, and a delta cannot be added to quantized weights.",
            "Submit it as float32, float16 or bfloat16.",
        )


def add_delta(base: PreTrainedModel, delta: PreTrainedModel) -> None:
    """Adds in place, each weight once. lm-eval's own `delta` adds the weights that input and output
    embeddings share twice. Raises EvaluationFault where the two differ in more than values."""
    changes = delta.state_dict()
    added: set[int] = set()
    for name, weights in base.state_dict().items():
        if name not in changes:
            raise _differs(f"The base model's {name} is not in the delta.")
        change = changes[name]
        if change.shape != weights.shape:
            raise _differs(
                f"{name} has the shape {list(change.shape)} in the delta and"
                f" {list(weights.shape)} in the base model."
            )
        if weights.is_floating_point() and weights.data_ptr() not in added:
            added.add(weights.data_ptr())
            with torch.no_grad():
                weights.add_(change.to(weights.device))
    if surplus := sorted(changes.keys() - base.state_dict().keys()):
        raise _differs(f"The delta's {surplus[0]} is not in the base model.")


def _differs(message: str) -> EvaluationFault:
    return blame_model(
        "delta-does-not-fit",
        message,
        "Submit it with the base model that it was subtracted from; both must have all tensors in"
        " the same shapes.",
    )
