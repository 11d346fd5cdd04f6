"""Config, tokenizer and chat template as the installed transformers reads them, without code from
elsewhere. What the files make transformers do is unknown, so this runs in a child process, and only
there is transformers imported: that takes a second."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from contracts.models import Precision
from services.validator.facts import Config, Tokenizer

SAMPLE = "The quick brown fox: does it jump over 13 lazy dogs?\nYes (x = 2.5)!"

_TWO_TURNS = [
    {"role": "user", "content": "Is 2 more than 1?"},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "And 3?"},
]
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_LISTED_FOR = ("MODEL_FOR_", "_MAPPING_NAMES")


def read_config(folder: Path) -> Config:
    config = _config(folder)
    if getattr(config, "transformers_weights", None):
        raise ValueError("`transformers_weights` names a weights file of its own; remove it.")
    text = config.get_text_config()
    layers = getattr(text, "num_hidden_layers", None)
    if isinstance(layers, int) and layers < 1:
        raise ValueError(f"`num_hidden_layers` is {layers}.")
    architecture = (config.architectures or [None])[0]
    quantization = getattr(config, "quantization_config", None) or {}
    causal_lms = _models().MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    is_causal_lm = (
        architecture in causal_lms.values()
        and config.model_type in causal_lms
        and not config.is_encoder_decoder
    )
    vocabulary = getattr(text, "vocab_size", None)
    return Config(
        architecture=architecture,
        is_known=architecture in _purposes(),
        is_causal_lm=is_causal_lm,
        purpose="" if is_causal_lm else _purposes().get(architecture, ""),
        quantization=_quantization(quantization),
        quantized_bits=_bits(quantization),
        vocabulary=vocabulary if isinstance(vocabulary, int) else None,
        has_experts=any((getattr(text, field, None) or 0) > 1 for field in _EXPERTS),
    )


def read_tokenizer(folder: Path, config_folder: Path) -> Tokenizer:
    """`config_folder` holds the config.json of the model that it belongs to."""
    tokenizer = _tokenizer(folder, config_folder)
    return Tokenizer(
        sample_tokens=len(tokenizer.encode(SAMPLE, add_special_tokens=False)),
        has_end_token=tokenizer.eos_token_id is not None,
        highest_id=max(tokenizer.get_vocab().values(), default=-1),
        has_chat_template=bool(tokenizer.chat_template),
    )


def render_two_turns(folder: Path, config_folder: Path) -> None:
    """Raises whatever the chat template makes Jinja raise."""
    tokenizer = _tokenizer(folder, config_folder)
    prompt = tokenizer.apply_chat_template(_TWO_TURNS, tokenize=False, add_generation_prompt=True)
    if not any(turn["content"] in prompt for turn in _TWO_TURNS):
        raise ValueError("What it renders holds nothing of what was said.")


def _config(folder: Path) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def _tokenizer(folder: Path, config_folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        folder, config=_config(config_folder), trust_remote_code=False, local_files_only=True
    )


def _quantization(written: dict[str, Any]) -> str | None:
    if not written:
        return None
    method = str(written.get("quant_method", "an unknown method"))
    if method == "bitsandbytes":
        return Precision.INT8 if written.get("load_in_8bit") else Precision.INT4
    return method


def _bits(written: dict[str, Any]) -> int | None:
    if written.get("load_in_4bit"):
        return 4
    if written.get("load_in_8bit"):
        return 8
    bits = written.get("bits")
    return int(bits) if bits and int(bits) > 0 else None


def _models() -> ModuleType:
    # Without torch, `from transformers.models.auto import modeling_auto` gives a dummy that raises.
    return import_module("transformers.models.auto.modeling_auto")


@cache
def _purposes() -> dict[str, str]:
    """Every model class that transformers can load by name, and what it lists it for. Asking the
    package for the classes themselves would import torch."""
    purposes: dict[str, str] = {}
    models = _models()
    for name in dir(models):
        if not (name.startswith("MODEL_") and name.endswith("_MAPPING_NAMES")):
            continue
        begins, ends = _LISTED_FOR
        purpose = name.removeprefix(begins).removesuffix(ends).replace("_", " ").lower()
        for listed in getattr(models, name).values():
            for architecture in (listed,) if isinstance(listed, str) else listed:
                if name.startswith(begins):
                    purposes[architecture] = purpose
                else:
                    purposes.setdefault(architecture, "")
    return purposes
