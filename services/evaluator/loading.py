"""A model's files → a model that lm-eval can ask, checked before it is trusted with a task."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from contracts.models import WeightType
from services.evaluator.failures import blame_model, scores_not_finite
from services.evaluator.harness_model import HarnessModel
from services.evaluator.model_files.config import CONFIG_FILE, read_config
from services.evaluator.model_files.delta import add_delta, check_precision
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
    if snapshot.base_folder:
        base = Repository(snapshot.base_folder, is_base=True)
    config = read_config(base)
    tokenizer = load_tokenizer(submitted if holds_tokenizer(submitted) else base, config)
    model: PreTrainedModel
    match snapshot.weight_type:
        case WeightType.ORIGINAL:
            model = load_weights(base, config, snapshot.precision, device)
        case WeightType.ADAPTER:
            # PEFT imports bitsandbytes, which initialises CUDA: in the fork server, that would
            # leave no child a GPU.
            from services.evaluator.model_files.adapter import apply_adapter, read_adapter

            adapter = read_adapter(submitted)
            model = load_weights(base, config, snapshot.precision, device)
            model = apply_adapter(model, adapter, merge=is_float(snapshot.precision))
        case WeightType.DELTA:
            check_precision(snapshot.precision)
            changed = read_config(submitted)
            model = load_weights(base, config, snapshot.precision, device)
            add_delta(model, load_weights(submitted, changed, snapshot.precision, "cpu"))
    check_weights_are_finite(model)
    check_tokenizer_fits(model, tokenizer)
    with _without_warnings_of_lm_eval():
        harness_model = HarnessModel(
            pretrained=model,
            tokenizer=tokenizer,
            batch_size=options.batch_size,
            engine=options.engine,
            compiled_folder=options.compiled_folder,
            generation=options.generation,
            files=snapshot.folder if _are_whole(snapshot) else None,
        )
    _check_context(harness_model, base)
    _check_runs(harness_model, base)
    return harness_model


def _are_whole(snapshot: Snapshot) -> bool:
    return snapshot.weight_type is WeightType.ORIGINAL and is_float(snapshot.precision)


@contextmanager
def _without_warnings_of_lm_eval() -> Iterator[None]:
    """It warns of a model that it has not loaded itself, on the lines its author is shown."""
    logger = logging.getLogger("lm_eval.models.huggingface")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


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
