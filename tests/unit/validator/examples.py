"""Facts about a good model, and a submission of it."""

from typing import Any

from contracts.board import Board, BoardTask, Limits
from contracts.models import ModelRef, ModelType, Precision
from contracts.submission import SubmissionReceived, submission_id
from services.validator.facts import (
    Access,
    Card,
    Config,
    Facts,
    Repository,
    Tensor,
    Tokenizer,
    Weights,
)

BOARD = Board(
    name="demo",
    title="Demo",
    version=1,
    tasks=(
        BoardTask(id="facts", title="Facts", harness_task="t", metrics=("acc,none",), choices=4),
    ),
    limits=Limits(max_parameters={Precision.BFLOAT16: 7_000_000_000, Precision.GPTQ: 10**10}),
)
CONFIG = Config("LlamaForCausalLM", is_known=True, is_causal_lm=True, vocabulary=32_000)
REPOSITORY = Repository(
    Access.PUBLIC,
    repo_id="acme/tiny",
    commit="a" * 40,
    card=Card(license="mit", characters=200),
    weight_files=("model.safetensors",),
    weights=Weights({"w": Tensor("BF16", (7_000_000_000,))}),
    config=CONFIG,
    holds_tokenizer=True,
)
TOKENIZER = Tokenizer(sample_tokens=21, has_end_token=True, highest_id=31_999)
GOOD = Facts(REPOSITORY, tokenizer=TOKENIZER)


def holding(**tensors: tuple[str, int]) -> Weights:
    """Weights with so many elements of a dtype, by the tensor's name."""
    return Weights({name: Tensor(dtype, (count,)) for name, (dtype, count) in tensors.items()})


def submission(**model: Any) -> SubmissionReceived:
    reference = ModelRef(
        **{"repo_id": "acme/tiny", "commit": "a" * 40, "precision": Precision.BFLOAT16} | model
    )
    return SubmissionReceived(
        sid=submission_id(reference, BOARD.name),
        board=BOARD.name,
        model=reference,
        model_type=ModelType.FINE_TUNED,
    )
