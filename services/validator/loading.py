"""Config and tokenizer as the installed transformers loads them, without code from elsewhere."""

import json
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from transformers import AutoConfig, AutoTokenizer

from services.validator.facts import Config, Facts, Tokenizer

_CONFIG = "config.json"
_TOKENIZER_CONFIG = "tokenizer_config.json"
# Without torch, `from transformers.models.auto import modeling_auto` gives a dummy that raises.
_MODELS: ModuleType = import_module("transformers.models.auto.modeling_auto")
_CAUSAL_LM: dict[str, str] = dict(_MODELS.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


def with_config_and_tokenizer(facts: Facts, folder: Path) -> Facts:
    """Reads a repository's small files; the weights need not be there."""
    facts = replace(facts, remote_code=_remote_code(folder))
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        facts = replace(facts, config=_config(config))
    # Whatever a config makes transformers raise, the config is what raised it.
    except Exception as fault:
        return replace(facts, config_fault=_told(fault, folder))
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
        return replace(facts, tokenizer=Tokenizer(bool(tokenizer.chat_template)))
    # The same, and the tokenizers library raises no narrower class than this.
    except Exception as fault:
        return replace(facts, tokenizer_fault=_told(fault, folder))


def _config(config: Any) -> Config:
    architectures = config.architectures or [None]
    quantization = getattr(config, "quantization_config", None) or {}
    return Config(
        architecture=architectures[0],
        is_known=architectures[0] in _architectures(),
        is_causal_lm=architectures[0] in _CAUSAL_LM.values() and config.model_type in _CAUSAL_LM,
        quantized_bits=_bits(quantization),
    )


def _bits(quantization: dict[str, Any]) -> int | None:
    if quantization.get("load_in_4bit"):
        return 4
    if quantization.get("load_in_8bit"):
        return 8
    bits = quantization.get("bits")
    return int(bits) if bits and int(bits) > 0 else None


@cache
def _architectures() -> set[str]:
    """Every model class that transformers can load by name. Asking the package for the classes
    themselves would import torch."""
    known: set[str] = set()
    for name in dir(_MODELS):
        if name.startswith("MODEL_") and name.endswith("_MAPPING_NAMES"):
            for classes in getattr(_MODELS, name).values():
                known.update((classes,) if isinstance(classes, str) else classes)
    return known


def _remote_code(folder: Path) -> tuple[str, ...]:
    return tuple(name for name in (_CONFIG, _TOKENIZER_CONFIG) if _names_code(folder / name))


def _names_code(path: Path) -> bool:
    try:
        return "auto_map" in json.loads(path.read_bytes())
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def _told(fault: Exception, folder: Path) -> str:
    """The fault in a few hundred characters, without our folders."""
    text = " ".join(str(fault).split()).replace(str(folder), "the repository")
    return text[:400] or type(fault).__name__
