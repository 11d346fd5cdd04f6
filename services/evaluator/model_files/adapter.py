"""A PEFT adapter's files + its base model → one model of the base's own class."""

from dataclasses import dataclass
from typing import Any

from peft import PeftConfig, PeftModelForCausalLM, get_peft_model_state_dict
from transformers import PreTrainedModel

from contracts.adapters import MERGED_TYPES, REFUSED_OPTIONS
from services.evaluator.failures import EvaluationFault, blame_model
from services.evaluator.model_files.config import ADAPTER_CONFIG_FILE
from services.evaluator.model_files.faults import blamed_on
from services.evaluator.model_files.repository import Repository
from services.evaluator.model_files.weight_files import (
    Shapes,
    check_files_are_finite,
    read_headers,
)

WEIGHTS_FILE = "adapter_model.safetensors"
_PREFIX = "base_model.model."


@dataclass(frozen=True)
class Adapter:
    """One whose files have been looked at; its weights are still on disk."""

    repository: Repository
    config: PeftConfig
    shapes: Shapes


def read_adapter(repository: Repository) -> Adapter:
    """Raises EvaluationFault for an adapter that could not be applied to any base model."""
    adapter = Adapter(repository, _read_config(repository), _read_shapes(repository))
    check_files_are_finite(repository, [WEIGHTS_FILE])
    return adapter


def apply_adapter(base: Any, adapter: Adapter, *, merge: bool) -> PreTrainedModel:
    """The base is changed in place. Unless merged, the adapter's layers stay beside the base's:
    that is for quantized weights, which merging would round again.
    Raises EvaluationFault for an adapter that does not fit its base, or cannot be merged."""
    repository = adapter.repository
    with blamed_on(
        repository,
        "adapter-does-not-fit",
        "The adapter cannot be applied to the base model of the submission",
        "Submit it with the base model that it was trained on.",
    ):
        _resize_embeddings(base, adapter.shapes)
        adapted: Any = PeftModelForCausalLM(base, adapter.config)
        _check_shapes(adapted, adapter.shapes)
        loaded = adapted.load_adapter(
            str(repository.folder), "default", torch_device=str(base.device)
        )
    _check_places(loaded)
    if not merge:
        with_layers: PreTrainedModel = adapted.get_base_model()
        return with_layers
    with blamed_on(
        repository,
        "adapter-not-mergeable",
        "PEFT cannot merge the adapter into its base model",
        "Merge it into its base model, upload the result, and submit that.",
    ):
        merged: PreTrainedModel = adapted.base_model.merge_and_unload()
    return merged


def _read_config(repository: Repository) -> PeftConfig:
    written = repository.read_json(ADAPTER_CONFIG_FILE, "adapter-unreadable")
    kind = written.get("peft_type")
    if not isinstance(kind, str) or kind not in MERGED_TYPES:
        raise blame_model(
            "adapter-not-mergeable",
            f"{ADAPTER_CONFIG_FILE} describes an adapter of type {kind}, which is not merged here"
            " into its base model.",
            f"Types that are: {', '.join(sorted(MERGED_TYPES))}. Of others, submit weights into"
            " which you have merged it yourself, where that can be done.",
        )
    for option, why in REFUSED_OPTIONS.items():
        if written.get(option):
            raise blame_model(
                "adapter-not-mergeable",
                f"{ADAPTER_CONFIG_FILE} sets `{option}`, {why}.",
                "Merge it into its base model yourself, upload the result, and submit that.",
            )
    with blamed_on(
        repository,
        "adapter-unreadable",
        f"PEFT cannot load {ADAPTER_CONFIG_FILE}",
        "Write it with PEFT's save_pretrained, and submit the new commit.",
    ):
        config: PeftConfig = PeftConfig.from_pretrained(str(repository.folder))
    config.inference_mode = True
    return config


def _read_shapes(repository: Repository) -> Shapes:
    if repository.holds(WEIGHTS_FILE):
        return read_headers(repository, [WEIGHTS_FILE])
    raise blame_model(
        "safetensors-missing",
        f"The repository holds no {WEIGHTS_FILE}.",
        "Save the adapter with PEFT's save_pretrained. adapter_model.bin is a pickle, which can"
        " execute code when it is loaded.",
    )


def _resize_embeddings(base: Any, shapes: Shapes) -> None:
    """An adapter that adds tokens brings the whole embeddings along, with more rows."""
    held = {
        name: shapes[key][0]
        for name, module in base.named_modules()
        if module in (base.get_input_embeddings(), base.get_output_embeddings())
        for key in (f"{_PREFIX}{name}.weight", f"{_PREFIX}{name}.base_layer.weight")
        if key in shapes
    }
    rows = base.get_input_embeddings().weight.shape[0]
    if not held or set(held.values()) == {rows}:
        return
    tied = base.config.get_text_config().tie_word_embeddings
    if len(set(held.values())) > 1 or (len(held) < 2 and not tied):
        raise _does_not_fit(
            f"The base model has embeddings for {rows} ids, and the adapter brings"
            f" {', '.join(f'{name} for {count}' for name, count in held.items())}; input and"
            " output embeddings have to have as many."
        )
    base.resize_token_embeddings(next(iter(held.values())), mean_resizing=False)


def _check_shapes(adapted: PeftModelForCausalLM, shapes: Shapes) -> None:
    places = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    for name, place in places.items():
        if name in shapes and shapes[name] != tuple(place.shape):
            raise _does_not_fit(
                f"{name} of the adapter has the shape {list(shapes[name])}; on this base model it"
                f" must have {list(place.shape)}."
            )


def _check_places(loaded: Any) -> None:
    """PEFT leaves out what it has no place for, and fills in at random what is not there."""
    if loaded.unexpected_keys:
        raise _does_not_fit(
            f"{len(loaded.unexpected_keys)} of the adapter's tensors have no place in the base"
            f" model, the first being {loaded.unexpected_keys[0]}."
        )
    if loaded.missing_keys:
        raise _does_not_fit(
            f"The adapter lacks {len(loaded.missing_keys)} tensors that its configuration asks for"
            f" on this base model, the first being {loaded.missing_keys[0]}."
        )


def _does_not_fit(message: str) -> EvaluationFault:
    return blame_model(
        "adapter-does-not-fit",
        message,
        "Submit it with the base model that it was trained on.",
    )
