"""Whether prompts can be made for the model."""

from contracts.models import ModelType
from services.validator.rules.architecture import needs_remote_code
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


@rule(
    "tokenizer-unreadable",
    title="Tokenizer can be read",
    advice="Check that `AutoTokenizer.from_pretrained` loads it without remote code.",
)
def has_readable_tokenizer(case: Case) -> Outcome:
    """transformers loads the tokenizer, in bounded time and memory. An adapter or delta may leave
    it to its base model."""
    if not case.facts.tokenizer_fault:
        return KEPT if case.facts.tokenizer else UNDECIDED
    if needs_remote_code(case):
        return UNDECIDED
    return Broken(f"transformers cannot load the tokenizer: {case.facts.tokenizer_fault}")


@rule(
    "tokenizer-empty",
    title="Tokenizer encodes text",
    advice="Upload the tokenizer that the model was trained with.",
)
def encodes_text(case: Case) -> Outcome:
    """The tokenizer turns a sentence of English into tokens."""
    tokenizer = case.facts.tokenizer
    if tokenizer is None:
        return UNDECIDED
    if tokenizer.sample_tokens:
        return KEPT
    return Broken("The tokenizer turns a sentence of English into no tokens.")


@rule(
    "tokenizer-lacks-end-token",
    title="Tokenizer has an end token",
    advice="Name the token that ends a text as `eos_token` in tokenizer_config.json.",
)
def has_an_end_token(case: Case) -> Outcome:
    """The tokenizer names an `eos_token`: answers end at it."""
    tokenizer = case.facts.tokenizer
    if tokenizer is None:
        return UNDECIDED
    if tokenizer.has_end_token:
        return KEPT
    return Broken("tokenizer_config.json names no `eos_token`; answers end at it.")


@rule(
    "tokenizer-does-not-fit",
    title="Tokenizer fits the embeddings",
    advice="Resize the model's embeddings to the tokenizer, or restore the tokenizer it was trained"
    " with.",
)
def fits_the_embeddings(case: Case) -> Outcome:
    """The model has embeddings for every id of the tokenizer. An adapter may bring them along."""
    if case.is_adapter:
        return NOT_APPLICABLE
    tokenizer, whole = case.facts.tokenizer, case.whole
    rows = whole.config.vocabulary if whole and whole.config else None
    if tokenizer is None or rows is None:
        return UNDECIDED
    if tokenizer.highest_id < rows:
        return Kept(f"ids up to {tokenizer.highest_id:,}; embeddings for {rows:,}")
    return Broken(
        f"The tokenizer has ids up to {tokenizer.highest_id}, but the model has embeddings for"
        f" {rows} ids (`vocab_size` in config.json)."
    )


@rule(
    "chat-template-missing",
    title="Chat template is there",
    advice="Add a chat template to the repository, or submit without it.",
)
def has_chat_template(case: Case) -> Outcome:
    """Where the chat template is asked for, there is one in tokenizer_config.json or
    chat_template.jinja."""
    if not case.model.chat_template:
        return NOT_APPLICABLE
    tokenizer = case.facts.tokenizer
    if tokenizer is None:
        return UNDECIDED
    if tokenizer.has_chat_template:
        return KEPT
    return Broken(
        "The chat template was asked for, but the tokenizer has none, neither in"
        " tokenizer_config.json nor in chat_template.jinja."
    )


@rule(
    "chat-template-fails",
    title="Chat template works",
    advice="Correct the chat template, or submit the model without it.",
)
def has_working_chat_template(case: Case) -> Outcome:
    """Where the chat template is asked for, it renders a conversation of two turns, in bounded time
    and memory."""
    if not case.model.chat_template:
        return NOT_APPLICABLE
    tokenizer = case.facts.tokenizer
    if tokenizer is None or not tokenizer.has_chat_template:
        return UNDECIDED
    if not tokenizer.chat_template_fault:
        return KEPT
    return Broken(
        "The tokenizer's chat template fails on a conversation of two turns:"
        f" {tokenizer.chat_template_fault}"
    )


@rule(
    "chat-template-unused",
    title="Chat template is used",
    advice="Submit it with the chat template to measure it as it is used.",
)
def uses_its_chat_template(case: Case) -> Outcome:
    """A chat model that has a chat template is submitted with it."""
    if case.submission.model_type is not ModelType.CHAT:
        return NOT_APPLICABLE
    if case.model.chat_template:
        return KEPT
    tokenizer = case.facts.tokenizer
    if tokenizer is None:
        return UNDECIDED
    if not tokenizer.has_chat_template:
        return NOT_APPLICABLE
    return Broken("This chat model has a chat template, and is evaluated without it.")
