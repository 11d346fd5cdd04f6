"""The rule book. Pure: facts in, reasons out.

Every rule is asked; one that cannot be judged because an earlier fact is missing stays silent."""

from collections.abc import Callable

from contracts.board import Board
from contracts.models import Reason, WeightType
from contracts.submission import SubmissionReceived
from services.validator import size
from services.validator.facts import Access, Facts

Rule = Callable[[Facts, SubmissionReceived, Board], Reason | None]


def violations(facts: Facts, submission: SubmissionReceived, board: Board) -> tuple[Reason, ...]:
    """Every rule the model breaks; empty when it may be evaluated."""
    found = (rule(facts, submission, board) for rule in RULES)
    return tuple(reason for reason in found if reason)


def accessible(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    model = submission.model
    match facts.access:
        case Access.PUBLIC:
            return None
        case Access.MISSING:
            return Reason(
                code="model-not-found",
                message=f"The Hub shows the public no model {model.repo_id}.",
                advice="Check the spelling; make a private repository public.",
            )
        case Access.COMMIT_MISSING:
            return Reason(
                code="commit-not-found",
                message=f"{model.repo_id} no longer has the commit {model.commit}.",
                advice="Submit a commit that is still there.",
            )
        case Access.GATED:
            return Reason(
                code="model-gated",
                message=f"{model.repo_id} is gated: its files need an agreement to be accepted.",
                advice="Switch gating off while the model is evaluated.",
            )
        case Access.DISABLED:
            return Reason(
                code="model-disabled",
                message=f"The Hub has disabled {model.repo_id}.",
                advice="Ask the Hub's support why.",
            )


def licensed(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    if facts.access is not Access.PUBLIC or facts.license:
        return None
    return Reason(
        code="license-missing",
        message="The model card names no license.",
        advice="Add `license:` with an identifier such as `apache-2.0` to the metadata at the top"
        " of README.md.",
    )


def holds_whole_weights(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if submission.model.weight_type is WeightType.ORIGINAL:
        return None
    return Reason(
        code="weight-type-not-accepted",
        message=f"The submission says that the repository holds weights of type"
        f" {submission.model.weight_type}; only whole weights are accepted.",
        advice="Merge it into its base model, upload the result, and submit that.",
    )


def has_safetensors(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    if facts.access is not Access.PUBLIC or facts.weights or facts.weights_fault:
        return None
    found = ", ".join(facts.weight_files) or "no weights at all"
    return Reason(
        code="safetensors-missing",
        message="The repository holds neither model.safetensors nor model.safetensors.index.json;"
        f" it holds {found}.",
        advice="Save the weights with transformers' `save_pretrained`. Other formats, such as"
        " pickles, can execute code when they are loaded.",
    )


def has_readable_weights(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not facts.weights_fault:
        return None
    return Reason(
        code="weights-unreadable",
        message=f"The safetensors headers cannot be read: {facts.weights_fault}",
        advice="Save and upload the weights again.",
    )


def has_files_of_sensible_size(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not facts.oversized:
        return None
    return Reason(
        code="files-too-large",
        message="Configuration and tokenizer files may have 100 MB each; larger are"
        f" {', '.join(facts.oversized)}.",
        advice="Move data that is not part of the model to a repository of its own.",
    )


def needs_no_remote_code(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not _needs_remote_code(facts):
        return None
    return Reason(
        code="remote-code-needed",
        message=f"The model only loads with code from its repository, which is never run here:"
        f" `auto_map` in {' and '.join(facts.remote_code)} names it.",
        advice="Use an architecture and tokenizer that are part of transformers.",
    )


def has_readable_config(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not facts.config_fault or _needs_remote_code(facts):
        return None
    return Reason(
        code="config-unreadable",
        message=f"transformers cannot load config.json: {facts.config_fault}",
        advice="Check that `AutoConfig.from_pretrained` loads it without remote code.",
    )


def has_known_architecture(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if facts.config is None or facts.config.is_known or _needs_remote_code(facts):
        return None
    name = facts.config.architecture
    return Reason(
        code="architecture-unknown",
        message=f"The installed transformers has no {name}."
        if name
        else "config.json names no architecture.",
        advice="Wait until it is in a release of transformers that is installed here."
        if name
        else "Add `architectures` to config.json; `save_pretrained` writes it.",
    )


def is_causal_language_model(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if facts.config is None or not facts.config.is_known or facts.config.is_causal_lm:
        return None
    return Reason(
        code="architecture-not-causal-lm",
        message=f"{facts.config.architecture} is no causal language model, and the tasks need one.",
        advice="Submit a variant for text generation, such as one that ends in `ForCausalLM`.",
    )


def has_readable_tokenizer(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not facts.tokenizer_fault or _needs_remote_code(facts):
        return None
    return Reason(
        code="tokenizer-unreadable",
        message=f"transformers cannot load the tokenizer: {facts.tokenizer_fault}",
        advice="Check that `AutoTokenizer.from_pretrained` loads it without remote code.",
    )


def has_chat_template(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    if not submission.model.chat_template:
        return None
    if facts.tokenizer is None or facts.tokenizer.has_chat_template:
        return None
    return Reason(
        code="chat-template-missing",
        message="The chat template was asked for, but the tokenizer has none.",
        advice="Add a chat template to the repository, or submit without it.",
    )


def accepts_precision(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    if submission.model.precision in board.limits.max_parameters:
        return None
    return Reason(
        code="precision-not-accepted",
        message=f"The board {board.name} does not accept {submission.model.precision}.",
        advice=f"Submit it in one of: {', '.join(board.limits.max_parameters)}.",
    )


def fits_the_limit(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    most = board.limits.max_parameters.get(submission.model.precision)
    if most is None or facts.weights is None or facts.config is None:
        return None
    count = size.parameters(facts.weights, facts.config)
    if count <= most:
        return None
    return Reason(
        code="params-over-limit",
        message=f"The model has {count / 1e9:,.3f} billion parameters; the board accepts up to"
        f" {most / 1e9:,.3f} billion in {submission.model.precision}.",
        advice="Submit a smaller model, or a precision with a higher limit.",
    )


RULES: tuple[Rule, ...] = (
    accessible,
    licensed,
    holds_whole_weights,
    has_safetensors,
    has_readable_weights,
    has_files_of_sensible_size,
    needs_no_remote_code,
    has_readable_config,
    has_known_architecture,
    is_causal_language_model,
    has_readable_tokenizer,
    has_chat_template,
    accepts_precision,
    fits_the_limit,
)
"""In the order in which a submitter would mend them."""


def _needs_remote_code(facts: Facts) -> bool:
    unusable = (
        facts.config_fault
        or facts.tokenizer_fault
        or (facts.config is not None and not facts.config.is_known)
    )
    return bool(facts.remote_code and unusable)
