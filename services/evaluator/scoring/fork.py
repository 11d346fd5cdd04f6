"""For models whose cache cannot be masked at will (ALiBi, state spaces, linear attention): what
several questions begin with is computed once, and the cache is copied where they part."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM

from services.evaluator.scoring.compiling import Compiled
from services.evaluator.scoring.encoding import Ids
from services.evaluator.scoring.engine import Answer, Part
from services.evaluator.scoring.tree import common_prefix

# Copying a cache costs about as much as forwarding a few tokens.
_WORTH_A_COPY = 16
_BRANCHES_AT_ONCE = 64


@dataclass(frozen=True)
class _Fork:
    """The cache as it was after the first `depth` tokens of a context."""

    depth: int
    cache: Any


class ForkEngine:
    """Runs go context by context, in the order of the stream."""

    name = "fork"

    def __init__(self, model: HFLM) -> None:
        self._model = model.model
        self._device = model.device

    def size(self, compiled: Compiled) -> int:
        return len(_contexts(compiled))

    def run(self, compiled: Compiled, start: int = 0) -> Iterator[Part]:
        contexts = _contexts(compiled)
        answered = sum(len(requests) for _, requests in contexts[:start])
        forks: list[_Fork] = []
        tokens = compiled.path_to(contexts[start][0]) if start < len(contexts) else None
        for index in range(start, len(contexts)):
            assert tokens is not None
            following = None
            if index + 1 < len(contexts):
                following = compiled.path_to(contexts[index + 1][0])
            shared = common_prefix(tokens, following) if following is not None else 0
            first, cache = self._forward_context(tokens, shared, forks)
            # What the next context does not share is of no use to any later one either.
            forks = [fork for fork in forks if fork.depth <= shared]
            continuations = [compiled.continuation_of(request) for request in contexts[index][1]]
            logprobs, greedy = self._score(first, cache, continuations)
            answered += len(continuations)
            yield Part(index + 1, answered, logprobs, greedy)
            tokens = following

    def answers(self, compiled: Compiled, logprobs: np.ndarray, greedy: np.ndarray) -> list[Answer]:
        order = np.concatenate([requests for _, requests in _contexts(compiled)])
        by_request = np.empty_like(logprobs), np.empty_like(greedy)
        by_request[0][order], by_request[1][order] = logprobs, greedy
        return list(zip(by_request[0].tolist(), by_request[1].tolist(), strict=True))

    @torch.inference_mode()
    def _forward_context(
        self, tokens: Ids, shared: int, forks: list[_Fork]
    ) -> tuple[torch.Tensor, Any]:
        """Logits [vocabulary] behind the context, and the cache there. Adds to `forks` what the
        next context can go on from: it shares the first `shared` tokens."""
        depth, cache = (forks[-1].depth, copy.deepcopy(forks[-1].cache)) if forks else (0, None)
        # At least one token is left for after the fork, or there would be no logits.
        at = min(shared, len(tokens) - 1)
        if at - depth >= _WORTH_A_COPY:
            cache = self._forward(tokens[depth:at], cache).past_key_values
            forks.append(_Fork(at, copy.deepcopy(cache)))
            depth = at
        output = self._forward(tokens[depth:], cache)
        return output.logits[0, -1].float(), output.past_key_values

    def _forward(self, tokens: Ids, cache: Any) -> Any:
        ids = torch.from_numpy(tokens).long()[None].to(self._device)
        return self._model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)

    @torch.inference_mode()
    def _score(
        self, first: torch.Tensor, cache: Any, continuations: list[Ids]
    ) -> tuple[np.ndarray, np.ndarray]:
        parts = []
        for begin in range(0, len(continuations), _BRANCHES_AT_ONCE):
            branches = continuations[begin : begin + _BRANCHES_AT_ONCE]
            # The last batch may use the cache up.
            is_last = begin + len(branches) == len(continuations)
            parts.append(
                self._score_branches(first, cache if is_last else copy.deepcopy(cache), branches)
            )
        logprobs, greedy = zip(*parts, strict=True)
        return np.concatenate(logprobs), np.concatenate(greedy)

    def _score_branches(
        self, first: torch.Tensor, cache: Any, branches: list[Ids]
    ) -> tuple[np.ndarray, np.ndarray]:
        longest = max(len(branch) for branch in branches)
        tokens = torch.zeros(len(branches), longest, dtype=torch.long)
        is_real = torch.zeros(len(branches), longest, dtype=torch.bool)
        for row, branch in enumerate(branches):
            tokens[row, : len(branch)] = torch.from_numpy(branch).long()
            is_real[row, : len(branch)] = True
        tokens, is_real = tokens.to(self._device), is_real.to(self._device)
        logits = first.expand(len(branches), 1, -1)
        if longest > 1:
            # One row becomes many.
            cache.reorder_cache(torch.zeros(len(branches), dtype=torch.long, device=self._device))
            # Padding stands behind what counts, where a causal model does not see it.
            output = self._model(tokens[:, :-1], past_key_values=cache, use_cache=True)
            logits = torch.cat([logits, output.logits.float()], dim=1)
        chosen = logits.gather(-1, tokens[..., None])[..., 0] - torch.logsumexp(logits, dim=-1)
        logprobs = torch.where(is_real, chosen, 0).double().sum(dim=-1)
        greedy = ((logits.argmax(dim=-1) == tokens) | ~is_real).all(dim=-1)
        return logprobs.cpu().numpy(), greedy.cpu().numpy()


def _contexts(compiled: Compiled) -> list[tuple[int, np.ndarray]]:
    """Node of each distinct context's last token, in stream order, with its requests."""
    nodes = compiled.target_nodes[compiled.offsets[:-1]]
    order = np.argsort(nodes, kind="stable")
    distinct, begins = np.unique(nodes[order], return_index=True)
    return list(zip(distinct.tolist(), np.split(order, begins[1:]), strict=True))
