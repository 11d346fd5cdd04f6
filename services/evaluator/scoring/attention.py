"""Which tokens of a stream see each other, in the form a model's attention takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

Mask = torch.Tensor
"""bool, [queries, keys]: True where the query sees the key."""

Sees = Callable[["Places", "Places"], Mask]


@dataclass(frozen=True)
class Places:
    """Tokens of a stream: int64 tensors of one length."""

    indices: torch.Tensor
    positions: torch.Tensor
    ends: torch.Tensor


_KINDS = {"full_attention", "sliding_attention", "chunked_attention"}


def descent(queries: Places, keys: Places) -> Mask:
    """The one rule: a token sees itself and its ancestors."""
    at = queries.indices[:, None]
    return (keys.indices[None] <= at) & (at < keys.ends[None])


class Visibility:
    """The attention masks of one model, whichever way its layers look back. Raises ValueError for
    layers that look back in a way of their own."""

    def __init__(self, model: PreTrainedModel) -> None:
        config = model.config.get_text_config()
        self._dtype = model.dtype
        # sdpa takes booleans; the others add the mask to the scores.
        self._adds = config._attn_implementation != "sdpa"
        self._window: int | None = getattr(config, "sliding_window", None)
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

    def _of_kind(self, kind: str, full: Mask, queries: Places, keys: Places) -> torch.Tensor:
        at, back = queries.positions[:, None], keys.positions[None]
        if kind == "sliding_attention" and self._window:
            full = full & (at - back < self._window)
        elif kind == "chunked_attention" and self._chunk:
            full = full & (at // self._chunk == back // self._chunk)
        return self._as_taken(full[None, None])

    def _as_taken(self, mask: Mask) -> torch.Tensor:
        if not self._adds:
            return mask
        hidden = torch.finfo(self._dtype).min
        return torch.zeros_like(mask, dtype=self._dtype).masked_fill_(~mask, hidden)
