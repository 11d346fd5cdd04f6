"""Whether the installed transformers makes a causal language model of config.json."""

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


def needs_remote_code(case: Case) -> bool:
    repository = case.facts.submitted
    if not repository.remote_code:
        return False
    unusable = (
        repository.config_fault
        or (repository.config is not None and not repository.config.is_known)
        or case.facts.tokenizer_fault
    )
    return bool(unusable)


@rule(
    "remote-code-needed",
    title="No code of its own",
    advice="Use an architecture and tokenizer that are part of transformers.",
)
def needs_no_remote_code(case: Case) -> Outcome:
    """Config and tokenizer load without code from the repository, which is never run here."""
    if not needs_remote_code(case):
        return KEPT if case.is_visible else UNDECIDED
    return Broken(
        "The model only loads with code from its repository, which is never run here: `auto_map`"
        f" in {' and '.join(case.facts.submitted.remote_code)} names it."
    )


@rule(
    "config-unreadable",
    title="Config can be read",
    advice="Check that `AutoConfig.from_pretrained` loads it without remote code.",
)
def has_readable_config(case: Case) -> Outcome:
    """transformers loads config.json, in bounded time and memory."""
    repository = case.facts.submitted
    if case.is_adapter:
        return NOT_APPLICABLE
    if not repository.config_fault:
        return KEPT if repository.config else UNDECIDED
    if needs_remote_code(case) or (case.is_whole and repository.holds_adapter):
        return UNDECIDED
    return Broken(f"transformers cannot load config.json: {repository.config_fault}")


@rule(
    "architecture-missing",
    title="Architecture is named",
    advice="Write config.json with `save_pretrained`.",
)
def names_its_architecture(case: Case) -> Outcome:
    """config.json says in `architectures` which class the weights are of."""
    if case.is_adapter:
        return NOT_APPLICABLE
    config = case.facts.submitted.config
    if config and config.architecture:
        return Kept(config.architecture)
    if config is None or needs_remote_code(case):
        return UNDECIDED
    return Broken("config.json names no architecture.")


@rule(
    "architecture-unknown",
    title="Architecture is known",
    advice="Wait until it is in a release of transformers that is installed here.",
)
def has_known_architecture(case: Case) -> Outcome:
    """The installed transformers has the architecture's class."""
    if case.is_adapter:
        return NOT_APPLICABLE
    config = case.facts.submitted.config
    if config is None or not config.architecture:
        return UNDECIDED
    if config.is_known:
        return KEPT
    if needs_remote_code(case):
        return UNDECIDED
    return Broken(f"The installed transformers has no {config.architecture}.")


@rule(
    "architecture-not-causal-lm",
    title="Causal language model",
    advice="Submit a variant for text generation, such as one that ends in `ForCausalLM`.",
)
def is_causal_language_model(case: Case) -> Outcome:
    """transformers loads it as a causal language model, which the tasks need."""
    if case.is_adapter:
        return NOT_APPLICABLE
    config = case.facts.submitted.config
    if config is None or not config.is_known:
        return UNDECIDED
    if config.is_causal_lm:
        return KEPT
    made_for = f"transformers has it for {config.purpose}, and " if config.purpose else ""
    return Broken(
        f"{config.architecture} is no causal language model: {made_for}the tasks need one that"
        " continues a text."
    )
