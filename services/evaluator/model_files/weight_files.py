"""safetensors files on disk: which there are, what their headers promise, whether it is finite."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from services.evaluator.failures import EvaluationFault, blame_model
from services.evaluator.model_files.repository import Repository

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"

Shapes = dict[str, tuple[int, ...]]
"""By tensor."""


def whole_weights(repository: Repository) -> list[str]:
    """The names of the files that hold the whole model, as transformers would choose them."""
    if repository.holds(SINGLE_FILE):
        return [SINGLE_FILE]
    if not repository.holds(INDEX_FILE):
        raise blame_model(
            "safetensors-missing",
            f"The {repository.name} holds neither {SINGLE_FILE} nor {INDEX_FILE}.",
            "Save the weights with transformers' `save_pretrained`. Other formats, such as pickles,"
            " can execute code when they are loaded.",
        )
    weight_map = repository.read_json(INDEX_FILE, "weights-unreadable").get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise _unreadable(f"{repository.called(INDEX_FILE)} has no `weight_map`.")
    shards = sorted({str(shard) for shard in weight_map.values()})
    for shard in shards:
        if Path(shard).name != shard or not repository.holds(shard):
            raise _unreadable(
                f"{repository.called(INDEX_FILE)} names {shard}, which the {repository.name} does"
                " not hold."
            )
    return shards


def read_headers(repository: Repository, files: list[str]) -> Shapes:
    """Raises EvaluationFault for a file that is cut off or holds something else."""
    shapes: Shapes = {}
    for file in files:
        try:
            with safe_open(repository.folder / file, framework="pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118  it is no mapping
                    shapes[name] = tuple(tensors.get_slice(name).get_shape())
        except SafetensorError as fault:
            size = (repository.folder / file).stat().st_size
            raise _unreadable(
                f"{repository.called(file)}, of {size:,} bytes, is no whole safetensors file:"
                f" {fault}."
            ) from fault
    return shapes


def check_files_are_finite(repository: Repository, files: list[str]) -> None:
    """For weights that cannot be looked at any more once they are quantized or merged."""
    for file in files:
        with safe_open(repository.folder / file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                check_finite(f"{name} in {repository.called(file)}", tensors.get_tensor(name))


def check_finite(name: str, weights: torch.Tensor) -> None:
    if not weights.is_floating_point() or weights.numel() == 0 or weights.itemsize < 2:
        return  # torch compares no 8-bit floats, and packed integers have no NaN
    if all(bound.isfinite() for bound in weights.aminmax()):
        return
    not_numbers = int(weights.isnan().sum())
    found = f"{not_numbers} NaN" if not_numbers else f"{int(weights.isinf().sum())} infinite"
    dtype = str(weights.dtype).removeprefix("torch.")
    raise blame_model(
        "weights-not-finite",
        f"{name} has {found} values as {dtype}.",
        "Find the step that broke the weights (often a merge, or float16, which overflows where"
        " bfloat16 does not), and submit a commit with finite ones.",
    )


def _unreadable(message: str) -> EvaluationFault:
    return blame_model("weights-unreadable", message, "Save and upload the weights again.")
