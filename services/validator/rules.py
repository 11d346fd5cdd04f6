"""The rule book. Pure: facts in, reasons out; every rule is asked, and one that cannot be judged
because an earlier fact is missing stays silent."""

from collections.abc import Callable

from contracts.board import Board
from contracts.models import Precision, Reason, Tier
from contracts.submission import SubmissionReceived
from services.validator.facts import Access, Facts

Rule = Callable[[Facts, SubmissionReceived, Board], Reason | None]

BYTES_PER_PARAMETER = {
    Precision.FLOAT32: 4.0,
    Precision.FLOAT16: 2.0,
    Precision.BFLOAT16: 2.0,
    Precision.INT8: 1.0,
    Precision.INT4: 0.5,
    Precision.GPTQ: 0.5,
}
# Activations, cache and fragmentation come on top; a fifth is the customary estimate.
_OVERHEAD = 1.2
# What one common accelerator of 24 or 80 GB holds, then four of the latter.
_TIER_BYTES = {Tier.SMALL: 24e9, Tier.MEDIUM: 80e9, Tier.LARGE: 320e9}


def violations(facts: Facts, submission: SubmissionReceived, board: Board) -> tuple[Reason, ...]:
    """Every rule the model breaks; empty when it may be evaluated."""
    found = (rule(facts, submission, board) for rule in RULES)
    return tuple(reason for reason in found if reason)


def weight_bytes(parameters: int, precision: Precision) -> int:
    """Size of the weights once loaded."""
    return round(parameters * BYTES_PER_PARAMETER[precision])


def tier(size_bytes: int) -> Tier:
    """The smallest tier whose accelerators hold weights of this size."""
    return next(
        (tier for tier, room in _TIER_BYTES.items() if size_bytes * _OVERHEAD <= room),
        Tier.XLARGE,
    )


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


def has_safetensors(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    if facts.access is not Access.PUBLIC or facts.safetensors_files:
        return None
    others = ", ".join(facts.weight_files) or "no weights at all"
    return Reason(
        code="safetensors-missing",
        message=f"The repository holds no *.safetensors file; it holds {others}.",
        advice="Save the weights with `save_pretrained(…, safe_serialization=True)`: other formats"
        " can execute code when they are loaded.",
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


def needs_no_remote_code(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not facts.remote_code:
        return None
    return Reason(
        code="remote-code-needed",
        message=f"`auto_map` in {' and '.join(facts.remote_code)} asks for code from the"
        " repository, which is never run here.",
        advice="Use an architecture that is part of transformers and remove `auto_map`.",
    )


def has_readable_config(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not facts.config_fault:
        return None
    return Reason(
        code="config-unreadable",
        message=f"transformers cannot load the config: {facts.config_fault}",
        advice="Check that `AutoConfig.from_pretrained` loads it without remote code.",
    )


def has_readable_tokenizer(
    facts: Facts, submission: SubmissionReceived, board: Board
) -> Reason | None:
    if not facts.tokenizer_fault:
        return None
    return Reason(
        code="tokenizer-unreadable",
        message=f"transformers cannot load the tokenizer: {facts.tokenizer_fault}",
        advice="Check that `AutoTokenizer.from_pretrained` loads it without remote code.",
    )


def has_chat_template(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    if facts.access is not Access.PUBLIC or facts.tokenizer_fault or facts.has_chat_template:
        return None
    if not submission.model.chat_template:
        return None
    return Reason(
        code="chat-template-missing",
        message="The chat template was asked for, but the tokenizer has none.",
        advice="Add a chat template to the repository, or submit without it.",
    )


def accepts_precision(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    precision = submission.model.precision
    if precision in board.limits.max_parameters:
        return None
    return Reason(
        code="precision-not-accepted",
        message=f"The board {board.name} does not accept {precision.value}.",
        advice=f"Submit it in one of: {', '.join(board.limits.max_parameters)}.",
    )


def fits_the_limit(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    most = board.limits.max_parameters.get(submission.model.precision)
    if most is None or facts.parameters is None or facts.parameters <= most:
        return None
    return Reason(
        code="params-over-limit",
        message=f"The model has {facts.parameters / 1e9:,.3g} billion parameters; the board accepts"
        f" up to {most / 1e9:,.3g} billion in {submission.model.precision.value}.",
        advice="Submit a smaller model, or a precision with a higher limit.",
    )


def known_architecture(facts: Facts, submission: SubmissionReceived, board: Board) -> Reason | None:
    if facts.access is not Access.PUBLIC or facts.config_fault or facts.remote_code:
        return None
    if not facts.architectures:
        return Reason(
            code="architecture-unknown",
            message="The config names no architecture.",
            advice="Add `architectures` to config.json; `save_pretrained` writes it.",
        )
    name = facts.architectures[0]
    if not facts.is_known:
        return Reason(
            code="architecture-unknown",
            message=f"The installed transformers has no {name}.",
            advice="Ask the operators for a newer transformers, or wait until it is in a release.",
        )
    if not facts.is_causal_lm:
        return Reason(
            code="architecture-not-causal-lm",
            message=f"{name} is no causal language model, and the tasks need one.",
            advice="Submit the variant that ends in `ForCausalLM`.",
        )
    return None


RULES: tuple[Rule, ...] = (
    accessible,
    licensed,
    has_safetensors,
    has_readable_weights,
    needs_no_remote_code,
    has_readable_config,
    known_architecture,
    has_readable_tokenizer,
    has_chat_template,
    accepts_precision,
    fits_the_limit,
)
"""In the order in which a submitter would mend them."""
