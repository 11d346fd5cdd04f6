"""config.json → transformers' configuration of a causal language model."""

from typing import Any

import transformers
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM, PreTrainedConfig

from services.evaluator.failures import blame_model
from services.evaluator.model_files.faults import blamed_on, needs_remote_code
from services.evaluator.model_files.repository import Repository

CONFIG_FILE = "config.json"
ADAPTER_CONFIG_FILE = "adapter_config.json"


def read_config(repository: Repository) -> PreTrainedConfig:
    """Raises EvaluationFault for a configuration that transformers, without code of the
    repository's own, makes no causal language model of."""
    _check_no_adapter_is_among(repository)
    written = repository.read_json(CONFIG_FILE, "config-unreadable")
    _check_architecture_is_known(written, repository)
    with blamed_on(
        repository,
        "config-unreadable",
        f"transformers cannot load {repository.called(CONFIG_FILE)}",
        "Check that AutoConfig.from_pretrained loads it without trust_remote_code.",
    ):
        config: PreTrainedConfig = AutoConfig.from_pretrained(
            repository.folder, trust_remote_code=False
        )
        # A file may ask for attention kernels from the Hub, which are code.
        config._attn_implementation = None
        config._experts_implementation = None
    _check_is_causal(config, repository)
    _check_depth(config, repository)
    return config


def _check_no_adapter_is_among(repository: Repository) -> None:
    """transformers would apply it without a word, or load the base model that it names instead."""
    if not repository.holds(ADAPTER_CONFIG_FILE):
        return
    raise blame_model(
        "adapter-among-weights",
        f"The {repository.name} holds {ADAPTER_CONFIG_FILE}, though the submission says that its"
        " weights are whole.",
        "Submit it with the weight type `adapter`, or remove the adapter's files.",
    )


def _check_architecture_is_known(written: dict[str, Any], repository: Repository) -> None:
    file = repository.called(CONFIG_FILE)
    if "transformers_weights" in written:
        raise blame_model(
            "config-unreadable",
            f"{file} names a weights file of its own in `transformers_weights`.",
            "Remove that entry; model.safetensors or model.safetensors.index.json is read.",
        )
    model_type = written.get("model_type")
    if not isinstance(model_type, str):
        raise blame_model(
            "config-unreadable",
            f"{file} has no `model_type`.",
            "Write the file with save_pretrained, and submit the new commit.",
        )
    if model_type in CONFIG_MAPPING:
        return
    if "auto_map" in written:
        raise needs_remote_code(file)
    raise blame_model(
        "architecture-unknown",
        f"{file} gives the model type {model_type!r}, which transformers"
        f" {transformers.__version__} does not have.",
        "Wait until it is in a release of transformers that is installed here.",
    )


def _check_is_causal(config: PreTrainedConfig, repository: Repository) -> None:
    if type(config) in AutoModelForCausalLM._model_mapping and not config.is_encoder_decoder:
        return
    raise blame_model(
        "architecture-not-causal-lm",
        f"{repository.called(CONFIG_FILE)} describes a model of type {config.model_type!r}, which"
        " is no causal language model, and the tasks need one.",
        "Submit a variant for text generation, such as one that ends in `ForCausalLM`.",
    )


def _check_depth(config: PreTrainedConfig, repository: Repository) -> None:
    layers = getattr(config.get_text_config(), "num_hidden_layers", None)
    if isinstance(layers, int) and layers < 1:
        raise blame_model(
            "model-does-not-load",
            f"{repository.called(CONFIG_FILE)} gives the model {layers} layers.",
            "Correct `num_hidden_layers`, and submit the new commit.",
        )
