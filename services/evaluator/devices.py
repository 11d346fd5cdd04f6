"""Where models run, and where their weights go."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel

from services.evaluator.failures import blame_infrastructure, blame_model

EVERY_GPU = "every-gpu"
"""Stands for each visible GPU by itself."""
SHARDED = "sharded"
"""A device's name for: over all visible GPUs, layer by layer."""


def expanded(devices: Sequence[str]) -> list[str]:
    """With the GPUs that `every-gpu` stands for. Raises EvaluationFault when there are none."""
    found: list[str] = []
    for device in devices:
        if device != EVERY_GPU:
            found.append(device)
            continue
        if not torch.cuda.is_available():
            raise blame_infrastructure(
                "evaluator-lacks-gpu",
                "EVALUATOR_DEVICES has `every-gpu`, but PyTorch sees no GPU on this evaluator.",
                "Ask the operators to give the evaluator GPUs, or to let it run on `cpu`.",
            )
        found += [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return found


def resolved(device: str) -> str:
    """`auto` is the first GPU if there is one. Raises EvaluationFault for GPUs that are missing."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == SHARDED and not torch.cuda.is_available():
        raise blame_infrastructure(
            "evaluator-lacks-gpu",
            "EVALUATOR_DEVICES has `sharded`, but PyTorch sees no GPU on this evaluator.",
            "Ask the operators to give the evaluator GPUs, or to let it run on `cpu`.",
        )
    return device


def check_works(device: str) -> None:
    """Raises EvaluationFault where nothing can be computed on the device, as on a GPU whose driver
    is gone or whose memory another program has filled: models would be blamed for it."""
    device = resolved(device)
    names = expanded([EVERY_GPU]) if device == SHARDED else [device]
    for name in names:
        try:
            ones = torch.ones(8, 8, device=name)
            (ones @ ones).sum().item()
        except Exception as fault:  # drivers, allocators and PyTorch all have their own
            detail = " ".join(f"{type(fault).__name__}: {fault}".split())[:300]
            raise blame_infrastructure(
                "evaluator-device-broken",
                f"Nothing can be computed on the evaluator's {name}: {detail}",
                "Ask the operators to look after the evaluator; another may take the re-run.",
            ) from fault


def described(device: str) -> str:
    """For people, such as `4 x NVIDIA H200` or `cpu`."""
    device = resolved(device)
    if device == SHARDED:
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    kind = torch.device(device).type
    return torch.cuda.get_device_name(device) if kind == "cuda" else kind


def device_map(device: str) -> Any:
    """What from_pretrained is told."""
    device = resolved(device)
    return "auto" if device == SHARDED else {"": device}


def check_is_on_gpus(model: PreTrainedModel, device: str) -> None:
    """Layers that found no room on the GPUs would run from main memory or disk, for weeks."""
    if device != SHARDED:
        return
    outside = [name for name, weights in model.named_parameters() if weights.device.type != "cuda"]
    if outside:
        raise blame_model(
            "out-of-memory",
            f"The model does not fit the evaluator's {torch.cuda.device_count()} GPUs:"
            f" {len(outside)} of its tensors, the first being {outside[0]}, found no room.",
            "Submit it at a precision with fewer bits, or ask a moderator for a larger tier.",
        )
