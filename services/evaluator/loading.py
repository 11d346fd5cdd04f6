"""A model's files → a model that lm-eval can ask, checked before it is trusted with a task."""

import torch

from contracts.models import WeightType
from services.evaluator.devices import check_is_on_gpus, device_map
from services.evaluator.failures import blame_model, scores_not_finite
from services.evaluator.harness_model import HarnessModel
from services.evaluator.model_files.adapter import apply_adapter
from services.evaluator.model_files.config import CONFIG_FILE, read_config
from services.evaluator.model_files.delta import add_delta, delta_at_low_precision
from services.evaluator.model_files.faults import blamed_on
from services.evaluator.model_files.precision import is_float
from services.evaluator.model_files.repository import Repository
from services.evaluator.model_files.tokenizer import (
    SAMPLE,
    check_tokenizer_fits,
    holds_tokenizer,
    load_tokenizer,
)
from services.evaluator.model_files.weights import check_weights_are_finite, load_weights
from services.evaluator.protocol import HarnessOptions, Snapshot

_MOST_TOKENS_TRIED = 16


def load_model(snapshot: Snapshot, options: HarnessOptions, device: str) -> HarnessModel:
    """What costs least is checked first. Raises EvaluationFault for a model that does not load,
    does not fit, is not whole, or does not run."""
    submitted = Repository(snapshot.folder)
    base = submitted
    if snapshot.weight_type is not WeightType.ORIGINAL and snapshot.base_folder:
        base = Repository(snapshot.base_folder, is_base=True)
    config = read_config(base)
    owner = submitted if holds_tokenizer(submitted) else base
    tokenizer = load_tokenizer(owner, config)
    model = load_weights(base, config, snapshot.precision, device_map(device))
    check_is_on_gpus(model, device)
    match snapshot.weight_type:
        case WeightType.ADAPTER:
            model = apply_adapter(model, submitted, merge=is_float(snapshot.precision))
        case WeightType.DELTA:
            if not is_float(snapshot.precision):
                raise delta_at_low_precision(snapshot.precision)
            delta = load_weights(
                submitted, read_config(submitted), snapshot.precision, device_map("cpu")
            )
            add_delta(model, delta)
    check_weights_are_finite(model)
    check_tokenizer_fits(model, tokenizer)
    harness_model = HarnessModel(
        pretrained=model,
        tokenizer=tokenizer,
        batch_size=options.batch_size,
        engine=options.engine,
        compiled_folder=options.compiled_folder,
    )
    _check_context(harness_model, base)
    _check_runs(harness_model, base)
    return harness_model


def _check_context(model: HarnessModel, repository: Repository) -> None:
    with blamed_on(
        repository,
        "context-too-short",
        f"The model's context length cannot be read from {repository.called(CONFIG_FILE)}",
        "Correct max_position_embeddings in it, and submit the new commit.",
    ):
        length = model.max_length
    if length < 1:
        raise blame_model(
            "context-too-short",
            f"{repository.called(CONFIG_FILE)} gives the model a context of {length} tokens.",
            "Correct max_position_embeddings in it, and submit the new commit.",
        )


def _check_runs(model: HarnessModel, repository: Repository) -> None:
    """Whatever is wrong with the model alone shows on a few tokens, before a task is blamed."""
    tokens = model.tok_encode(SAMPLE)[: min(_MOST_TOKENS_TRIED, model.max_length)]
    with (
        blamed_on(
            repository,
            "model-does-not-run",
            "The model loads, but fails on its first tokens",
            "Run it once with transformers at the submitted precision, mend what fails, and submit"
            " the new commit.",
        ),
        torch.inference_mode(),
    ):
        logits = model.model(torch.tensor([tokens], device=model.device)).logits
    if logits.isnan().any() or logits.isposinf().any():
        raise scores_not_finite("The model's logits are not finite")
