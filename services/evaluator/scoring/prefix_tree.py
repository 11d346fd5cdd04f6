"""Each token of the prefix tree goes through the model once.

The stream is cut into chunks of a fixed number of tokens, anywhere. A chunk sees itself and the
path that is still open from the chunks before, whose keys and values are kept; nothing is padded,
and logits are computed only where a continuation is predicted."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from torch.nn.functional import pad
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from services.evaluator.scoring.attention import Places, Visibility, attending_by
from services.evaluator.scoring.compiling import Compiled
from services.evaluator.scoring.engine import Answer, Part
from services.evaluator.scoring.halving import halved

_LEAST_BUDGET = 64
_FLEX_PATH_MULTIPLE = 1024
"""FlexAttention is compiled for each length of the keys, so there should be few of them."""

KeysAndValues = list[tuple[torch.Tensor, torch.Tensor]]
"""Per layer: [1, heads, tokens, size of a head]."""


@dataclass(frozen=True)
class _OpenPath:
    """The tokens that the next one descends from."""

    places: Places
    cache: KeysAndValues


class PrefixTreeEngine:
    """`budget` is the number of tokens per forward pass; it shrinks when memory runs out. With
    `skips_blocks` attention goes through FlexAttention, which computes nothing for pairs of blocks
    that do not see each other; a dense mask computes all pairs and hides most."""

    name = "tree"

    def __init__(self, model: HFLM, budget: int, *, skips_blocks: bool = False) -> None:
        self._model = model.model
        self._attention = "flex_attention" if skips_blocks else None
        self._path_multiple = _FLEX_PATH_MULTIPLE if skips_blocks else 1
        self._device = model.device
        self._visibility = Visibility(model.model)
        self._budget = budget

    def size(self, compiled: Compiled) -> int:
        return len(compiled.tree)

    def run(self, compiled: Compiled, start: int = 0) -> Iterator[Part]:
        with attending_by(self._model, self._attention):
            yield from self._run(compiled, start)

    def _run(self, compiled: Compiled, start: int) -> Iterator[Part]:
        asked = _Targets(compiled)
        path = self._open_path(compiled, start)

        def step(budget: int) -> tuple[Part, _OpenPath]:
            stop = min(start + budget, len(compiled.tree))
            needed = asked.nodes_between(start, stop)
            logits, path_behind = self._forward(compiled, np.arange(start, stop), path, needed)
            return asked.part(start, stop, logits, needed), path_behind

        while start < len(compiled.tree):
            (part, path), self._budget = halved(step, self._budget, _LEAST_BUDGET)
            yield part
            start = part.stop

    def answers(self, compiled: Compiled, logprobs: np.ndarray, greedy: np.ndarray) -> list[Answer]:
        return _Targets(compiled).answers(logprobs, greedy)

    def _open_path(self, compiled: Compiled, start: int) -> _OpenPath:
        """The path to `start`, forwarded anew."""
        path = _OpenPath(self._places(compiled, np.empty(0, np.int64)), [])
        ancestors = np.flatnonzero(compiled.tree.ends[:start] > start)

        def step(budget: int) -> tuple[int, _OpenPath]:
            piece = ancestors[:budget]
            _, longer = self._forward(compiled, piece, path, np.empty(0, np.int64), start)
            return len(piece), longer

        while len(ancestors):
            (done, path), self._budget = halved(step, self._budget, _LEAST_BUDGET)
            ancestors = ancestors[done:]
        return path

    @torch.inference_mode()
    def _forward(
        self,
        compiled: Compiled,
        indices: np.ndarray,
        path: _OpenPath,
        needed: np.ndarray,
        stop: int | None = None,
    ) -> tuple[torch.Tensor, _OpenPath]:
        """Logits [needed, vocabulary] in float32, and the path that is open at `stop`, which is
        right behind the last index unless told otherwise."""
        stop = int(indices[-1]) + 1 if stop is None else stop
        queries = self._places(compiled, indices)
        keys = _joined(path.places, queries)
        cache = DynamicCache(path.cache or None)
        # An empty list of positions means all of them to some models.
        kept = needed - indices[0] if len(needed) else np.zeros(1, np.int64)
        logits = self._model(
            input_ids=torch.from_numpy(compiled.tree.tokens[indices]).long()[None].to(self._device),
            position_ids=queries.positions[None],
            attention_mask=self._visibility.masks(queries, keys),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=torch.from_numpy(kept).to(self._device),
        ).logits[0]
        if len(logits) != len(kept):
            raise ValueError("computes logits for other positions than it is asked for")
        # At the end of the stream nothing is open, and ends never pass it.
        live = torch.nonzero(keys.ends > stop)[:, 0]
        return logits.float(), self._shortened(keys, cache, live)

    def _shortened(self, keys: Places, cache: DynamicCache, live: torch.Tensor) -> _OpenPath:
        places = Places(keys.indices[live], keys.positions[live], keys.ends[live])
        padding = -len(live) % self._path_multiple
        return _OpenPath(
            # A token whose subtree ends at 0 is seen by none.
            Places(*(pad(part, (0, padding)) for part in dataclasses.astuple(places))),
            [
                (pad(keys_, (0, 0, 0, padding)), pad(values, (0, 0, 0, padding)))
                for keys_, values in _kept(cache, live)
            ],
        )

    def _places(self, compiled: Compiled, indices: np.ndarray) -> Places:
        tree = compiled.tree
        return Places(
            *(
                torch.from_numpy(values).long().to(self._device)
                for values in (indices, tree.positions[indices], tree.ends[indices])
            )
        )


def _kept(cache: DynamicCache, live: torch.Tensor) -> KeysAndValues:
    kept = []
    for layer in cache.layers:
        if not isinstance(layer, DynamicLayer) or layer.keys is None or layer.values is None:
            raise ValueError("keeps a state that is not one key and value per token")
        here = live.to(layer.keys.device)  # layers may lie on several
        kept.append((layer.keys[:, :, here], layer.values[:, :, here]))
    return kept


def _joined(one: Places, other: Places) -> Places:
    return Places(
        torch.cat([one.indices, other.indices]),
        torch.cat([one.positions, other.positions]),
        torch.cat([one.ends, other.ends]),
    )


class _Targets:
    """The tokens to be predicted, in the order in which the stream comes by them."""

    def __init__(self, compiled: Compiled) -> None:
        self._offsets = compiled.offsets
        self._order = np.argsort(compiled.target_nodes, kind="stable")
        self._nodes = compiled.target_nodes[self._order].astype(np.int64)
        self._tokens = compiled.target_tokens[self._order].astype(np.int64)
        self._leaves = np.sort(compiled.leaves)

    def nodes_between(self, start: int, stop: int) -> np.ndarray:
        """Distinct stream indices whose logits are needed."""
        return np.unique(self._nodes[self._between(start, stop)])

    def part(self, start: int, stop: int, logits: torch.Tensor, needed: np.ndarray) -> Part:
        among = self._between(start, stop)
        answered = int(np.searchsorted(self._leaves, stop))
        if not len(needed):
            return Part(stop, answered, np.empty(0), np.empty(0, bool))
        rows = torch.from_numpy(np.searchsorted(needed, self._nodes[among])).to(logits.device)
        tokens = torch.from_numpy(self._tokens[among]).to(logits.device)
        logprobs = logits[rows, tokens] - torch.logsumexp(logits, dim=-1)[rows]
        greedy = logits.argmax(dim=-1)[rows] == tokens
        return Part(stop, answered, logprobs.double().cpu().numpy(), greedy.cpu().numpy())

    def answers(self, logprobs: np.ndarray, greedy: np.ndarray) -> list[Answer]:
        by_request = np.empty_like(logprobs), np.empty_like(greedy)
        by_request[0][self._order], by_request[1][self._order] = logprobs, greedy
        begins = self._offsets[:-1]
        return list(
            zip(
                np.add.reduceat(by_request[0], begins).tolist(),
                np.logical_and.reduceat(by_request[1], begins).tolist(),
                strict=True,
            )
        )

    def _between(self, start: int, stop: int) -> slice:
        return slice(*np.searchsorted(self._nodes, (start, stop)))
