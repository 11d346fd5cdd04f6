"""The submitted precision → how transformers is told to load the weights."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from transformers import BitsAndBytesConfig, PreTrainedConfig

from contracts.models import Precision
from services.evaluator.failures import blame_model
from services.evaluator.model_files.config import CONFIG_FILE
from services.evaluator.model_files.faults import lacks_package
from services.evaluator.model_files.repository import Repository

_FLOATS = {
    Precision.FLOAT32: torch.float32,
    Precision.FLOAT16: torch.float16,
    Precision.BFLOAT16: torch.bfloat16,
}
_GPTQ_PACKAGES = ("optimum", "gptqmodel")


def is_float(precision: Precision) -> bool:
    return precision in _FLOATS


def number_format(
    precision: Precision, config: PreTrainedConfig, repository: Repository
) -> dict[str, Any]:
    """Arguments for from_pretrained. Raises EvaluationFault where config.json says that the weights
    are quantized in another way than the submission does: a row has to mean what it says."""
    stored = stored_precision(config)
    if stored is None and precision is Precision.GPTQ:
        raise blame_model(
            "precision-contradicts-weights",
            f"The submission says gptq, but {repository.called(CONFIG_FILE)} has no"
            " `quantization_config`: these weights are not quantized.",
            "Submit the precision the weights are in, or a repository of GPTQ weights.",
        )
    if stored is not None and stored != precision:
        accepted = stored in list(Precision)
        raise blame_model(
            "precision-contradicts-weights",
            f"The submission says {precision}, but `quantization_config` in"
            f" {repository.called(CONFIG_FILE)} says that the weights are quantized as {stored}.",
            f"Submit it as {stored}."
            if accepted
            else "Submit a repository of unquantized weights.",
        )
    if precision in _FLOATS:
        return {"dtype": _FLOATS[precision]}
    if precision is Precision.GPTQ:
        missing = [package for package in _GPTQ_PACKAGES if find_spec(package) is None]
        if missing:
            raise lacks_package(f"{' and '.join(missing)}, to run GPTQ weights.")
    if stored is None:
        return {"dtype": "auto", "quantization_config": _bitsandbytes(precision)}
    return {"dtype": "auto"}


def stored_precision(config: PreTrainedConfig) -> str | None:
    """What the weights on disk are quantized as: a Precision where there is one for it, otherwise
    the method's own name. None for weights that are not quantized."""
    stored = getattr(config, "quantization_config", None)
    if stored is None:
        return None
    method = str(stored.get("quant_method")) if isinstance(stored, dict) else "an unknown method"
    if method == "bitsandbytes":
        return str(Precision.INT8 if stored.get("load_in_8bit") else Precision.INT4)
    return method


def _bitsandbytes(precision: Precision) -> BitsAndBytesConfig:
    make: Callable[..., BitsAndBytesConfig] = BitsAndBytesConfig
    if precision is Precision.INT8:
        return make(load_in_8bit=True)
    return make(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)
