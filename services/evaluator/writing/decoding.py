"""What becomes of a request's options, and of those that the model's authors left behind."""

from typing import Any

from lm_eval.models.utils import normalize_gen_kwargs
from transformers import GenerationConfig
from transformers.generation.configuration_utils import GenerationMode

_SUPPORTED_MODES = {GenerationMode.GREEDY_SEARCH, GenerationMode.SAMPLE}


def for_transformers(options: dict[str, Any]) -> dict[str, Any]:
    """lm-eval's normalised options as its own backend hands them on: greedy decoding has no
    temperature, which transformers would warn of."""
    options = {"temperature": 0.0} | options
    if not options.get("do_sample"):
        options |= {"do_sample": False}
        del options["temperature"]
    return options


def decoding(model: Any, options: dict[str, Any]) -> GenerationConfig:
    """As `generate` would complete them from the model's own generation_config.json."""
    return _completed(model, options)[0]


def left_out(model: Any, request: dict[str, Any]) -> str | None:
    """What continuous batching would silently leave out of a request as its task has it, if
    anything."""
    options: dict[str, Any] = dict(normalize_gen_kwargs(request))
    for lm_evals_own in ("until", "max_gen_toks"):
        options.pop(lm_evals_own)
    config, unknown = _completed(model, for_transformers(options))
    if unknown:
        return ", ".join(unknown)
    if "max_length" in options:
        return "max_length"
    if (mode := config.get_generation_mode()) not in _SUPPORTED_MODES:
        return str(mode.value)
    for limit in ("stop_strings", "max_time"):
        if getattr(config, limit) is not None:
            return limit
    if config.num_return_sequences not in (None, 1):
        return "num_return_sequences"
    model._prepare_special_tokens(config, device=model.device)
    for processor in model._get_logits_processor(config, input_ids_seq_length=1):
        if not processor.supports_continuous_batching:
            return type(processor).__name__
    return None


def _completed(model: Any, options: dict[str, Any]) -> tuple[GenerationConfig, dict[str, Any]]:
    completed: tuple[GenerationConfig, dict[str, Any]] = model._prepare_generation_config(
        None, **options
    )
    return completed
