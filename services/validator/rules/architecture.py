"""Whether the installed transformers makes a causal language model of config.json."""

from services.validator.rules.rule import Case, rule


def needs_remote_code(case: Case) -> bool:
    repository = case.facts.submitted
    unusable = (
        repository.config_fault
        or case.facts.tokenizer_fault
        or (repository.config is not None and not repository.config.is_known)
    )
    return bool(repository.remote_code and unusable)


@rule(
    "remote-code-needed", advice="Use an architecture and tokenizer that are part of transformers."
)
def needs_no_remote_code(case: Case) -> str | None:
    """Config and tokenizer load without code from the repository, which is never run here."""
    if not needs_remote_code(case):
        return None
    return (
        "The model only loads with code from its repository, which is never run here: `auto_map`"
        f" in {' and '.join(case.facts.submitted.remote_code)} names it."
    )


@rule(
    "config-unreadable",
    advice="Check that `AutoConfig.from_pretrained` loads it without remote code.",
)
def has_readable_config(case: Case) -> str | None:
    """transformers loads config.json, in bounded time and memory."""
    repository = case.facts.submitted
    if not repository.config_fault or needs_remote_code(case):
        return None
    if case.is_whole and repository.holds_adapter:
        return None
    return f"transformers cannot load config.json: {repository.config_fault}"


@rule("architecture-missing", advice="Write config.json with `save_pretrained`.")
def names_its_architecture(case: Case) -> str | None:
    """config.json says in `architectures` which class the weights are of."""
    config = case.facts.submitted.config
    if config is None or config.architecture or needs_remote_code(case):
        return None
    return "config.json names no architecture."


@rule(
    "architecture-unknown",
    advice="Wait until it is in a release of transformers that is installed here.",
)
def has_known_architecture(case: Case) -> str | None:
    """The installed transformers has the architecture's class."""
    config = case.facts.submitted.config
    if config is None or not config.architecture or config.is_known or needs_remote_code(case):
        return None
    return f"The installed transformers has no {config.architecture}."


@rule(
    "architecture-not-causal-lm",
    advice="Submit a variant for text generation, such as one that ends in `ForCausalLM`.",
)
def is_causal_language_model(case: Case) -> str | None:
    """transformers loads it as a causal language model, which the tasks need."""
    config = case.facts.submitted.config
    if config is None or not config.is_known or config.is_causal_lm:
        return None
    made_for = f"transformers has it for {config.purpose}, and " if config.purpose else ""
    return (
        f"{config.architecture} is no causal language model: {made_for}the tasks need one that"
        " continues a text."
    )
