"""Whether the weights are there, as safetensors, and whole."""

from collections.abc import Mapping

from services.validator.facts import Tensor
from services.validator.rules.rule import (
    KEPT,
    NOT_APPLICABLE,
    UNDECIDED,
    Broken,
    Case,
    Kept,
    Outcome,
    rule,
)


def _is_adapter_in_disguise(case: Case) -> bool:
    return case.is_whole and case.facts.submitted.holds_adapter


@rule(
    "adapter-among-weights",
    title="Weights are whole",
    advice="Submit it with the weight type `adapter` and its base model, or remove the adapter's"
    " files.",
)
def is_what_it_says(case: Case) -> Outcome:
    """A repository that is submitted as whole weights holds no adapter_config.json: transformers
    would apply the adapter without a word."""
    if not case.is_whole:
        return NOT_APPLICABLE
    if not _is_adapter_in_disguise(case):
        return KEPT if case.is_visible else UNDECIDED
    return Broken(
        "The repository holds adapter_config.json, though the submission says that its weights are"
        " whole."
    )


@rule(
    "safetensors-missing",
    title="Weights are safetensors",
    advice="Save the weights with `save_pretrained`. Other formats, such as pickles, can execute"
    " code when they are loaded.",
)
def has_safetensors(case: Case) -> Outcome:
    """The weights are in model.safetensors, in the files that model.safetensors.index.json names,
    or, for an adapter, in adapter_model.safetensors."""
    repository = case.facts.submitted
    if repository.weights:
        return Kept(_named(repository.weights.files))
    if repository.weights_fault:
        return KEPT
    if not case.is_visible or _is_adapter_in_disguise(case):
        return UNDECIDED
    sought = "neither model.safetensors nor model.safetensors.index.json"
    if case.is_adapter:
        sought = "no adapter_model.safetensors"
    found = ", ".join(repository.weight_files) or "no weights at all"
    return Broken(f"The repository holds {sought}; it holds {found}.")


@rule(
    "weights-unreadable", title="Weights can be read", advice="Save and upload the weights again."
)
def has_readable_weights(case: Case) -> Outcome:
    """Every safetensors file is whole and has a header, and index and files name the same
    tensors."""
    repository = case.facts.submitted
    if repository.weights_fault:
        return Broken(f"The safetensors headers cannot be read: {repository.weights_fault}")
    return Kept(counted(repository.weights.tensors)) if repository.weights else UNDECIDED


@rule(
    "files-too-large",
    title="No oversized files",
    advice="Move data that is not part of the model to a repository of its own.",
)
def has_files_of_sensible_size(case: Case) -> Outcome:
    """Configuration and tokenizer files have at most 100 MB each."""
    oversized = case.facts.submitted.oversized
    if not oversized:
        return KEPT if case.is_visible else UNDECIDED
    found = ", ".join(oversized)
    return Broken(f"Configuration and tokenizer files may have 100 MB each; larger are {found}.")


def counted(tensors: Mapping[str, Tensor]) -> str:
    return "1 tensor" if len(tensors) == 1 else f"{len(tensors):,} tensors"


def _named(files: tuple[str, ...]) -> str:
    return files[0] if len(files) == 1 else f"{len(files):,} files"
