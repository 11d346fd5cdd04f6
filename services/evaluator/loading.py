"""A model's files → a model that lm-eval can ask, checked before it is trusted with a task."""

from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from contracts.models import Precision, WeightType
from services.evaluator.failures import EvaluationFault, blame_infrastructure, blame_model
from services.evaluator.harness_model import HarnessModel
from services.evaluator.protocol import HarnessOptions, Snapshot

# What transformers and tokenizers raise for files that hold no loadable model.
_LOADING_FAULTS = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
    SafetensorError,
)


def load_model(snapshot: Snapshot, options: HarnessOptions, device: str) -> HarnessModel:
    """Raises EvaluationFault for a model that does not load, does not fit or is not whole."""
    try:
        model = HarnessModel(
            pretrained=str(snapshot.base_folder or snapshot.folder),
            device=device,
            batch_size=options.batch_size,
            engine=options.engine,
            compiled_folder=options.compiled_folder,
            use_safetensors=True,
            trust_remote_code=False,
            **_weights(snapshot),
            **_number_format(snapshot.precision),
        )
    except torch.OutOfMemoryError as fault:
        raise out_of_memory(fault) from fault
    except ImportError as fault:
        raise blame_infrastructure(
            "evaluator-lacks-package",
            f"This evaluator lacks a Python package that the model needs: {fault}",
            "Ask the operators to install the package on the evaluators.",
        ) from fault
    except _LOADING_FAULTS as fault:
        if isinstance(fault, torch.AcceleratorError):
            raise
        raise blame_model(
            "model-does-not-load",
            f"transformers could not load the model: {_first_lines(fault, snapshot)}",
            "Load it with AutoModelForCausalLM.from_pretrained(…, use_safetensors=True) and without"
            " trust_remote_code, mend what fails, and submit the new commit.",
        ) from fault
    _check_all_weights_were_there(model)
    _check_weights_are_finite(model.model)
    _check_tokenizer_fits(model.model, model.tokenizer)
    return model


def out_of_memory(fault: torch.OutOfMemoryError) -> EvaluationFault:
    return blame_model(
        "out-of-memory",
        f"The model does not fit the evaluator's accelerator: {_first_lines(fault)}",
        "Submit it at a precision with fewer bits, or ask a moderator for a larger tier.",
    )


def _weights(snapshot: Snapshot) -> dict[str, Any]:
    match snapshot.weight_type:
        case WeightType.ADAPTER:
            return {"peft": str(snapshot.folder)}
        case WeightType.DELTA:
            return {"delta": str(snapshot.folder)}
        case WeightType.ORIGINAL:
            return {}


def _number_format(precision: Precision) -> dict[str, Any]:
    match precision:
        case Precision.INT8:
            return {"dtype": "auto", "quantization": {"load_in_8bit": True}}
        case Precision.INT4:
            quantization = {"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16"}
            return {"dtype": "auto", "quantization": quantization}
        case Precision.GPTQ:
            return {"dtype": "auto"}
        case Precision.FLOAT32 | Precision.FLOAT16 | Precision.BFLOAT16:
            return {"dtype": str(precision)}


def _check_all_weights_were_there(model: HarnessModel) -> None:
    """transformers fills in missing tensors at random and only warns."""
    missing = sorted(model.loading_info.get("missing_keys", ()))
    if missing:
        raise blame_model(
            "model-does-not-load",
            f"The safetensors files lack {len(missing)} of the model's tensors, the first being"
            f" {missing[0]}.",
            "Save the model with save_pretrained, which writes every tensor, and submit the new"
            " commit.",
        )


def _check_weights_are_finite(model: PreTrainedModel) -> None:
    for name, weights in model.named_parameters():
        if not weights.is_floating_point() or torch.isfinite(weights).all():
            continue
        not_numbers = int(torch.isnan(weights).sum())
        found = (
            f"{not_numbers} NaN" if not_numbers else f"{int(torch.isinf(weights).sum())} infinite"
        )
        raise blame_model(
            "weights-not-finite",
            f"{name} has {found} values.",
            "Find the step that broke the weights (often a merge, or float16 overflow), and submit"
            " a commit with finite ones.",
        )


def _check_tokenizer_fits(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """An id past the embeddings ends in an IndexError on a CPU and kills the context of a GPU."""
    rows = next(model.get_input_embeddings().parameters()).shape[0]
    highest = max(tokenizer.get_vocab().values(), default=0)
    if highest >= rows:
        raise blame_model(
            "tokenizer-does-not-fit",
            f"The tokenizer has ids up to {highest}, but the model has embeddings for {rows} ids.",
            "Resize the model's embeddings to the tokenizer, or restore the tokenizer it was"
            " trained with.",
        )


def _first_lines(fault: Exception, snapshot: Snapshot | None = None) -> str:
    text = " ".join(str(fault).split())
    for folder in (snapshot.folder, snapshot.base_folder) if snapshot else ():
        if folder:  # where an evaluator keeps its files tells a submitter nothing
            text = text.replace(str(folder), "the repository")
    return text[:500] or type(fault).__name__
