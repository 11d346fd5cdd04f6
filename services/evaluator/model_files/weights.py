"""safetensors files and a configuration → a model in memory, whole and finite."""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from contracts.models import Precision
from services.evaluator.devices import check_is_on_gpus, device_map
from services.evaluator.failures import blame_model
from services.evaluator.model_files.config import CONFIG_FILE
from services.evaluator.model_files.faults import blamed_on
from services.evaluator.model_files.precision import (
    is_float,
    number_format,
    stored_precision,
)
from services.evaluator.model_files.repository import Repository
from services.evaluator.model_files.weight_files import (
    Shapes,
    check_files_are_finite,
    check_finite,
    read_headers,
    whole_weights,
)

# Tied and generated weights are in no file, but never as much again as what is.
_MOST_PARAMETERS_PER_STORED = 2.0

# They say less of what they take and return than is known here.
_from_config: Callable[..., PreTrainedModel] = AutoModelForCausalLM.from_config
_from_pretrained: Any = AutoModelForCausalLM.from_pretrained


def load_weights(
    repository: Repository, config: PreTrainedConfig, precision: Precision, device: str
) -> PreTrainedModel:
    """Raises EvaluationFault for a model that does not load or is not what config.json says."""
    how = number_format(precision, config, repository)
    files = whole_weights(repository)
    stored = read_headers(repository, files)
    if stored_precision(config) is None:
        with _loading(repository):
            _check_size(config, stored, repository)
        if not is_float(precision):
            check_files_are_finite(repository, files)
    with _loading(repository):
        model, info = _from_pretrained(
            repository.folder,
            config=config,
            device_map=device_map(device),
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # so that they are named, not only counted
            output_loading_info=True,
            **how,
        )
    check_is_on_gpus(model, device)
    _check_shapes(sorted(info["mismatched_keys"]), repository)
    _check_all_were_there(sorted(info["missing_keys"]), repository)
    whole: PreTrainedModel = model
    return whole


def check_weights_are_finite(model: PreTrainedModel) -> None:
    for name, weights in model.named_parameters():
        check_finite(name, weights)


def _loading(repository: Repository) -> Any:
    return blamed_on(
        repository,
        "model-does-not-load",
        f"transformers could not load the model of the {repository.name}",
        "Load it with AutoModelForCausalLM.from_pretrained(…, use_safetensors=True) and without"
        " trust_remote_code, mend what fails, and submit the new commit.",
    )


def _check_size(config: PreTrainedConfig, stored: Shapes, repository: Repository) -> None:
    """Whatever config.json describes would be allocated, and filled at random where files end."""
    held = sum(prod(shape) for shape in stored.values())
    layers = getattr(config.get_text_config(), "num_hidden_layers", 0)
    if layers <= len(stored):
        with torch.device("meta"):
            described = _from_config(config).num_parameters()
        if described <= _MOST_PARAMETERS_PER_STORED * held:
            return
        description = f"{described:,} parameters"
    else:
        description = f"{layers:,} layers"
    raise blame_model(
        "model-does-not-load",
        f"{repository.called(CONFIG_FILE)} describes a model of {description}, but the safetensors"
        f" files hold {len(stored):,} tensors with {held:,} parameters.",
        "Upload the config.json that belongs to the weights, and all of their files.",
    )


def _check_shapes(mismatched: list[tuple[str, Any, Any]], repository: Repository) -> None:
    if not mismatched:
        return
    name, in_file, in_config = mismatched[0]
    raise blame_model(
        "model-does-not-load",
        f"{len(mismatched)} tensors have another shape than {repository.called(CONFIG_FILE)} gives"
        f" them, the first being {name}: {list(in_file)} in the safetensors files,"
        f" {list(in_config)} by the configuration.",
        "Upload the config.json that belongs to the weights; sizes such as vocab_size and"
        " intermediate_size must be those of the tensors.",
    )


def _check_all_were_there(missing: list[str], repository: Repository) -> None:
    """transformers fills in missing tensors at random and only warns."""
    if missing:
        raise blame_model(
            "model-does-not-load",
            f"The safetensors files of the {repository.name} lack {len(missing)} of the model's"
            f" tensors, the first being {missing[0]}.",
            "Save the model with save_pretrained, which writes every tensor, and submit the new"
            " commit.",
        )
