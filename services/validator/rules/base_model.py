"""What holds for adapters and deltas, and for the model that they change."""

from dataclasses import replace

from contracts.adapters import MERGED_TYPES, REFUSED_OPTIONS
from contracts.models import ModelRef, Precision
from services.validator.facts import Facts, Repository
from services.validator.rules import access, architecture, card, weights
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

_OF_A_BASE_MODEL = (
    access.exists,
    access.is_not_gated,
    access.is_not_disabled,
    access.holds_nothing_unsafe,
    card.has_a_card,
    card.is_licensed,
    weights.is_what_it_says,
    weights.has_safetensors,
    weights.has_readable_weights,
    weights.has_files_of_sensible_size,
    architecture.needs_no_remote_code,
    architecture.has_readable_config,
    architecture.names_its_architecture,
    architecture.has_known_architecture,
    architecture.is_causal_language_model,
)
_FLOATS = (Precision.FLOAT32, Precision.FLOAT16, Precision.BFLOAT16)


@rule(
    "base-model-missing",
    title="Base model is named",
    advice="Name the model that it changes as `base_model`.",
)
def names_its_base_model(case: Case) -> Outcome:
    """The submission of an adapter or delta names the model that it changes."""
    if case.is_whole:
        return NOT_APPLICABLE
    if case.model.base_model:
        return Kept(case.model.base_model)
    return Broken(
        f"The submission says that its weights are of type {case.model.weight_type}, and names no"
        " base model."
    )


@rule(
    "base-model-unusable",
    title="Base model can be used",
    advice="Submit it with a base model that could be evaluated by itself, or merge the two, upload"
    " the result, and submit that.",
)
def has_a_usable_base_model(case: Case) -> Outcome:
    """The base model of an adapter or delta is public, licensed, in safetensors, and a causal
    language model that transformers has; all that is said of a model here holds for it too."""
    if case.is_whole:
        return NOT_APPLICABLE
    base = case.facts.base
    if base is None:
        return UNDECIDED
    of_the_base = _case_of(base, case)
    outcomes = [rule.outcome(of_the_base) for rule in _OF_A_BASE_MODEL]
    faults = [outcome.message for outcome in outcomes if isinstance(outcome, Broken)]
    if not faults:
        return KEPT
    return Broken(f"The base model {case.model.base_model} cannot be used: {' '.join(faults)}")


@rule(
    "adapter-unreadable",
    title="Adapter can be read",
    advice="Write it with PEFT's `save_pretrained`.",
)
def has_readable_adapter(case: Case) -> Outcome:
    """An adapter's adapter_config.json is there, and is a JSON object."""
    repository = case.facts.submitted
    if not case.is_adapter:
        return NOT_APPLICABLE
    if repository.adapter_fault:
        return Broken(f"adapter_config.json cannot be read: {repository.adapter_fault}")
    return KEPT if repository.adapter else UNDECIDED


@rule(
    "adapter-not-mergeable",
    title="Adapter can be merged",
    advice="Merge it into its base model yourself, where that can be done, upload the result, and"
    " submit that.",
)
def is_mergeable(case: Case) -> Outcome:
    """An adapter is of a type that PEFT merges into the base model's weights, and sets no option
    that keeps it from doing so."""
    if not case.is_adapter:
        return NOT_APPLICABLE
    adapter = case.facts.submitted.adapter
    if adapter is None:
        return UNDECIDED
    if adapter.kind not in MERGED_TYPES:
        return Broken(
            f"adapter_config.json describes an adapter of type {adapter.kind or 'unknown'}, which"
            f" is not merged here; types that are: {', '.join(sorted(MERGED_TYPES))}."
        )
    for option, why in REFUSED_OPTIONS.items():
        if option in adapter.options:
            return Broken(f"adapter_config.json sets `{option}`, {why}.")
    return Kept(adapter.kind)


@rule(
    "delta-does-not-fit",
    title="Delta fits its base model",
    advice="Submit it with the base model that it was subtracted from; both must have all tensors"
    " in the same shapes.",
)
def delta_fits_its_base(case: Case) -> Outcome:
    """A delta has the tensors of its base model, in the same shapes."""
    if not case.is_delta:
        return NOT_APPLICABLE
    base = case.facts.base
    if base is None or base.weights is None or case.facts.submitted.weights is None:
        return UNDECIDED
    of_base, of_delta = base.weights.tensors, case.facts.submitted.weights.tensors
    for name in sorted(of_base.keys() | of_delta.keys()):
        if name not in of_delta:
            return Broken(f"The base model's {name} is not in the delta.")
        if name not in of_base:
            return Broken(f"The delta's {name} is not in the base model.")
        if of_base[name].shape != of_delta[name].shape:
            return Broken(
                f"{name} has the shape {list(of_delta[name].shape)} in the delta and"
                f" {list(of_base[name].shape)} in the base model."
            )
    return Kept(f"{weights.counted(of_base)} of equal shapes")


@rule(
    "delta-precision",
    title="Delta is added to floats",
    advice="Submit it as float32, float16 or bfloat16.",
)
def delta_is_added_to_floats(case: Case) -> Outcome:
    """A delta is submitted in a float precision: it cannot be added to quantised weights."""
    if not case.is_delta:
        return NOT_APPLICABLE
    if case.model.precision in _FLOATS:
        return Kept(case.model.precision)
    return Broken(
        f"The submission says {case.model.precision}, and a delta cannot be added to quantised"
        " weights."
    )


@rule(
    "base-model-differs",
    title="Adapter has its own base model",
    advice="Check that the submission names the model that the adapter was trained on.",
)
def is_submitted_with_its_own_base(case: Case) -> Outcome:
    """An adapter's adapter_config.json names the base model of the submission."""
    if not case.is_adapter:
        return NOT_APPLICABLE
    adapter = case.facts.submitted.adapter
    if adapter is None:
        return UNDECIDED
    if adapter.base_model is None:
        return NOT_APPLICABLE
    if adapter.base_model == case.model.base_model:
        return KEPT
    return Broken(
        f"adapter_config.json says that the adapter was trained on {adapter.base_model}; it is"
        f" evaluated with {case.model.base_model}."
    )


def _case_of(base: Repository, case: Case) -> Case:
    """The base model, as though it were submitted by itself."""
    model = ModelRef(
        repo_id=base.repo_id,
        commit=base.commit or case.model.commit,
        precision=case.model.precision,
    )
    submission = case.submission.model_copy(update={"model": model})
    return replace(case, facts=Facts(base), submission=submission)
