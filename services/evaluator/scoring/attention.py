"""Which tokens of a stream see each other, in the form a model's attention takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch.nn.attention.flex_attention import create_block_mask
from transformers import PreTrainedModel

Mask = torch.Tensor
"""bool, [queries, keys]: True where the query sees the key."""


@dataclass(frozen=True)
class Places:
    """Tokens of a stream: int64 tensors of one length."""

    indices: torch.Tensor
    positions: torch.Tensor
    ends: torch.Tensor


_KINDS = {"full_attention", "sliding_attention", "chunked_attention"}
_OWN_WAYS = {
    "bloom": "ALiBi",
    "mpt": "ALiBi",
    "gpt_neo": "a window that goes by places in the cache",
}
"""Model types that take a mask and still reckon distances by themselves. In float32 a probe finds
that out on any question; in half precision rounding can hide it."""


def descent(queries: Places, keys: Places) -> Mask:
    """The one rule: a token sees itself and its ancestors."""
    at = queries.indices[:, None]
    return (keys.indices[None] <= at) & (at < keys.ends[None])


class Visibility:
    """The attention masks of one model, whichever way its layers look back. Raises ValueError for
    layers that look back in a way of their own."""

    def __init__(self, model: PreTrainedModel) -> None:
        config = model.config.get_text_config()
        if own_way := _OWN_WAYS.get(config.model_type):
            raise ValueError(f"attends by {own_way}")
        # A config.json may hold entries of other architectures, which the model's code ignores.
        declared = {field.name for field in fields(config)}
        self._dtype = model.dtype
        self._config = config
        self._window: int | None = config.sliding_window if "sliding_window" in declared else None
        self._chunk: int | None = getattr(config, "attention_chunk_size", None)
        self._kinds = set(getattr(config, "layer_types", None) or ())
        if unknown := self._kinds - _KINDS:
            raise ValueError(
                f"has layers that do not attend by a mask: {', '.join(sorted(unknown))}"
            )

    def masks(self, queries: Places, keys: Places) -> Any:
        """One mask, or one for each kind of layer where a model has several."""
        full = descent(queries, keys)
        if self._kinds - {"full_attention"}:
            by_kind = {kind: self._of_kind(kind, full, queries, keys) for kind in self._kinds}
            return by_kind if len(by_kind) > 1 else next(iter(by_kind.values()))
        # A config without kinds but with a window, such as Mistral's, means all of its layers.
        kind = "sliding_attention" if self._window and not self._kinds else "full_attention"
        return self._of_kind(kind, full, queries, keys)

    def _of_kind(self, kind: str, full: Mask, queries: Places, keys: Places) -> Any:
        at, back = queries.positions[:, None], keys.positions[None]
        if kind == "sliding_attention" and self._window:
            full = full & (at - back < self._window)
        elif kind == "chunked_attention" and self._chunk:
            full = full & (at // self._chunk == back // self._chunk)
        return self._as_taken(full)

    def _as_taken(self, mask: Mask) -> Any:
        match self._config._attn_implementation:
            case "sdpa":
                return mask[None, None]
            case "flex_attention":
                # Blocks in which nothing is seen are skipped.
                return create_block_mask(
                    lambda batch, head, query, key: mask[query, key],
                    B=None,
                    H=None,
                    Q_LEN=mask.shape[0],
                    KV_LEN=mask.shape[1],
                    device=str(mask.device),
                )
            case _:  # the mask is added to the scores
                hidden = torch.finfo(self._dtype).min
                added = torch.zeros_like(mask, dtype=self._dtype).masked_fill_(~mask, hidden)
                return added[None, None]


@contextmanager
def attending_by(model: PreTrainedModel, implementation: str | None) -> Iterator[None]:
    """Another implementation of attention while this lasts; the model's own for None."""
    before = model.config._attn_implementation
    model.set_attn_implementation(implementation or before)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
