"""Whether the weights are there, as safetensors, and whole."""

from contracts.models import WeightType
from services.validator.rules.rule import Case, rule


def _is_adapter_in_disguise(case: Case) -> bool:
    return case.is_whole and case.facts.submitted.holds_adapter


@rule(
    "adapter-among-weights",
    advice="Submit it with the weight type `adapter` and its base model, or remove the adapter's"
    " files.",
)
def is_what_it_says(case: Case) -> str | None:
    """A repository that is submitted as whole weights holds no adapter_config.json: transformers
    would apply the adapter without a word."""
    if not _is_adapter_in_disguise(case):
        return None
    return (
        "The repository holds adapter_config.json, though the submission says that its weights are"
        " whole."
    )


@rule(
    "safetensors-missing",
    advice="Save the weights with `save_pretrained`. Other formats, such as pickles, can execute"
    " code when they are loaded.",
)
def has_safetensors(case: Case) -> str | None:
    """The weights are in model.safetensors, in the files that model.safetensors.index.json names,
    or, for an adapter, in adapter_model.safetensors."""
    repository = case.facts.submitted
    if not case.is_visible or repository.weights or repository.weights_fault:
        return None
    if _is_adapter_in_disguise(case):
        return None
    sought = "neither model.safetensors nor model.safetensors.index.json"
    if case.model.weight_type is WeightType.ADAPTER:
        sought = "no adapter_model.safetensors"
    found = ", ".join(repository.weight_files) or "no weights at all"
    return f"The repository holds {sought}; it holds {found}."


@rule("weights-unreadable", advice="Save and upload the weights again.")
def has_readable_weights(case: Case) -> str | None:
    """Every safetensors file is whole and has a header, and index and files name the same
    tensors."""
    fault = case.facts.submitted.weights_fault
    return f"The safetensors headers cannot be read: {fault}" if fault else None


@rule(
    "files-too-large", advice="Move data that is not part of the model to a repository of its own."
)
def has_files_of_sensible_size(case: Case) -> str | None:
    """Configuration and tokenizer files have at most 100 MB each."""
    oversized = case.facts.submitted.oversized
    if not oversized:
        return None
    found = ", ".join(oversized)
    return f"Configuration and tokenizer files may have 100 MB each; larger are {found}."
