"""What a model must be able to do before it may write answers, and while it writes them."""

from collections.abc import Iterable
from typing import Any

import torch
from lm_eval.models.utils import normalize_gen_kwargs
from transformers import LogitsProcessor

from services.evaluator.failures import blame_model, scores_not_finite


def check_room(options: Iterable[dict[str, Any]], max_length: int, default: int) -> None:
    """`options` are the requests' own, `default` the tokens a request gets that names no number.
    Raises EvaluationFault where they leave no room for a prompt."""
    longest = max(
        (normalize_gen_kwargs(each, default)["max_gen_toks"] for each in options), default=0
    )
    if longest >= max_length:
        raise blame_model(
            "context-too-short",
            f"A task asks for answers of up to {longest} tokens, which leaves no room for a prompt"
            f" in the model's context of {max_length}.",
            "Check max_position_embeddings in config.json; the board's tasks need more.",
        )


class FiniteLogits(LogitsProcessor):
    """Of logits that are no numbers, greedy decoding would make an answer like any other."""

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        if scores.isnan().any():
            raise scores_not_finite("The model's logits became NaN while it wrote an answer")
        return scores
