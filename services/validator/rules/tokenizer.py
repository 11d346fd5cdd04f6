"""Whether prompts can be made for the model."""

from contracts.models import ModelType, WeightType
from services.validator.rules.architecture import needs_remote_code
from services.validator.rules.rule import Case, rule


@rule(
    "tokenizer-unreadable",
    advice="Check that `AutoTokenizer.from_pretrained` loads it without remote code.",
)
def has_readable_tokenizer(case: Case) -> str | None:
    """transformers loads the tokenizer, in bounded time and memory. An adapter or delta may leave
    it to its base model."""
    if not case.facts.tokenizer_fault or needs_remote_code(case):
        return None
    return f"transformers cannot load the tokenizer: {case.facts.tokenizer_fault}"


@rule("tokenizer-empty", advice="Upload the tokenizer that the model was trained with.")
def encodes_text(case: Case) -> str | None:
    """The tokenizer turns a sentence of English into tokens."""
    tokenizer = case.facts.tokenizer
    if tokenizer is None or tokenizer.sample_tokens:
        return None
    return "The tokenizer turns a sentence of English into no tokens."


@rule(
    "tokenizer-lacks-end-token",
    advice="Name the token that ends a text as `eos_token` in tokenizer_config.json.",
)
def has_an_end_token(case: Case) -> str | None:
    """The tokenizer names an `eos_token`: answers end at it."""
    tokenizer = case.facts.tokenizer
    if tokenizer is None or tokenizer.has_end_token:
        return None
    return "tokenizer_config.json names no `eos_token`; answers end at it."


@rule(
    "tokenizer-does-not-fit",
    advice="Resize the model's embeddings to the tokenizer, or restore the tokenizer it was trained"
    " with.",
)
def fits_the_embeddings(case: Case) -> str | None:
    """The model has embeddings for every id of the tokenizer. An adapter may bring them along."""
    tokenizer, whole = case.facts.tokenizer, case.whole
    if tokenizer is None or case.model.weight_type is WeightType.ADAPTER:
        return None
    rows = whole.config.vocabulary if whole and whole.config else None
    if rows is None or tokenizer.highest_id < rows:
        return None
    return (
        f"The tokenizer has ids up to {tokenizer.highest_id}, but the model has embeddings for"
        f" {rows} ids (`vocab_size` in config.json)."
    )


@rule(
    "chat-template-missing",
    advice="Add a chat template to the repository, or submit without it.",
)
def has_chat_template(case: Case) -> str | None:
    """Where the chat template is asked for, there is one in tokenizer_config.json or
    chat_template.jinja."""
    tokenizer = case.facts.tokenizer
    if not case.model.chat_template or tokenizer is None or tokenizer.has_chat_template:
        return None
    return (
        "The chat template was asked for, but the tokenizer has none, neither in"
        " tokenizer_config.json nor in chat_template.jinja."
    )


@rule("chat-template-fails", advice="Correct the chat template, or submit the model without it.")
def has_working_chat_template(case: Case) -> str | None:
    """Where the chat template is asked for, it renders a conversation of two turns, in bounded time
    and memory."""
    tokenizer = case.facts.tokenizer
    if not case.model.chat_template or tokenizer is None or not tokenizer.chat_template_fault:
        return None
    return (
        "The tokenizer's chat template fails on a conversation of two turns:"
        f" {tokenizer.chat_template_fault}"
    )


@rule(
    "chat-template-unused", advice="Submit it with the chat template to measure it as it is used."
)
def uses_its_chat_template(case: Case) -> str | None:
    """A chat model that has a chat template is submitted with it."""
    tokenizer = case.facts.tokenizer
    if case.model.chat_template or tokenizer is None or not tokenizer.has_chat_template:
        return None
    if case.submission.model_type is not ModelType.CHAT:
        return None
    return "This chat model has a chat template, and is evaluated without it."
