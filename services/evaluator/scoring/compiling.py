"""A task's questions → the arrays an engine answers. They depend on the tokenizer and not on the
model, so they are made once for all models that share one, and kept on disk."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from zipfile import BadZipFile

import numpy as np
from lm_eval.models.huggingface import HFLM

from services.evaluator.scoring.encoding import Ids, encode_pairs
from services.evaluator.scoring.tree import Paths, PrefixTree, plant

# Part of every key: raised when the arrays come to mean something else.
_FORMAT = 1

Pair = tuple[str, str]
"""A context and the continuation whose log-likelihood is asked for."""


@dataclass(frozen=True)
class Compiled:
    """int32 arrays. Inputs are what lm-eval's own backend would forward: context and continuation,
    cut from the left to the model's length, without the last token."""

    tree: PrefixTree
    leaves: np.ndarray
    """[requests]: stream index of the last token of the request's input."""
    offsets: np.ndarray
    """[requests + 1]: where in the two below a request's continuation begins."""
    target_nodes: np.ndarray
    """[targets]: stream index of the token that predicts it."""
    target_tokens: np.ndarray
    """[targets]: the token of the continuation."""
    stock_tokens: int
    """Tokens that lm-eval's own backend forwards at batch size 1: each distinct input once."""
    digest: str
    """Of everything above."""

    def __len__(self) -> int:
        return len(self.leaves)

    def lengths(self) -> np.ndarray:
        """[requests]: number of tokens of each input."""
        depths: np.ndarray = self.tree.positions[self.leaves] + 1
        return depths

    @cached_property
    def _paths(self) -> Paths:
        return Paths(self.tree)

    def path_to(self, node: int) -> Ids:
        """The tokens from the root to a node of the stream, which `node` itself ends."""
        tokens: Ids = self.tree.tokens[self._paths.to(node)]
        return tokens

    def continuation_of(self, request: int) -> Ids:
        tokens: Ids = self.target_tokens[self.offsets[request] : self.offsets[request + 1]]
        return tokens


def compile_pairs(model: HFLM, pairs: Sequence[Pair], folder: Path | None = None) -> Compiled:
    """From `folder` where these pairs were compiled for this tokenizer before. Raises what
    `compile_ids` raises."""
    key = _key(model, pairs) if folder else None
    path = folder / f"{key}.npz" if folder and key else None
    if path and (kept := _read(path)):
        return kept
    compiled = compile_ids(encode_pairs(model, pairs), model.max_length)
    if path:
        _write(path, compiled)
    return compiled


class NoTokensError(ValueError):
    """A question of which the tokenizer leaves nothing, or an answer that it joins to the question
    before it."""


class DoesNotFitError(ValueError):
    """An answer that the model's context cannot hold."""


def compile_ids(encoded: Sequence[tuple[Ids, Ids]], max_length: int) -> Compiled:
    """Raises NoTokensError and DoesNotFitError, where lm-eval's own backend has assertions."""
    inputs: dict[bytes, int] = {}
    untruncated: dict[bytes, int] = {}
    sequences: list[Ids] = []
    sequence_of: list[int] = []
    for context, continuation in encoded:
        if not len(context) or not len(continuation):
            raise NoTokensError(
                f"The tokenizer makes {len(context)} token(s) of a question and adds"
                f" {len(continuation)} for its answer; there has to be one of each at least."
            )
        if len(continuation) > max_length:
            raise DoesNotFitError(
                f"An answer of {len(continuation)} tokens does not fit a model that holds"
                f" {max_length}."
            )
        whole = np.concatenate([context, continuation])[:-1]
        kept = whole[-max_length:]
        # lm-eval groups requests before it truncates them.
        untruncated[hashlib.blake2b(whole.tobytes(), digest_size=16).digest()] = len(kept)
        index = inputs.setdefault(kept.tobytes(), len(sequences))
        if index == len(sequences):
            sequences.append(kept)
        sequence_of.append(index)
    tree, paths = plant(sequences)
    continuations = [continuation for _, continuation in encoded]
    nodes = [
        paths[sequence][len(paths[sequence]) - len(continuation) :]
        for sequence, continuation in zip(sequence_of, continuations, strict=True)
    ]
    sizes = [0, *(len(continuation) for continuation in continuations)]
    arrays = {
        "tokens": tree.tokens,
        "positions": tree.positions,
        "ends": tree.ends,
        "leaves": np.array([paths[sequence][-1] for sequence in sequence_of], np.int32),
        "offsets": np.cumsum(sizes, dtype=np.int32),
        "target_nodes": np.concatenate(nodes or [np.empty(0, np.int32)]),
        "target_tokens": np.concatenate(continuations or [np.empty(0, np.int32)]),
    }
    return _compiled(arrays, sum(untruncated.values()), _digest(arrays))


def _compiled(arrays: dict[str, np.ndarray], stock_tokens: int, digest: str) -> Compiled:
    return Compiled(
        tree=PrefixTree(arrays["tokens"], arrays["positions"], arrays["ends"]),
        leaves=arrays["leaves"],
        offsets=arrays["offsets"],
        target_nodes=arrays["target_nodes"],
        target_tokens=arrays["target_tokens"],
        stock_tokens=stock_tokens,
        digest=digest,
    )


def _digest(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


# ── on disk ──────────────────────────────────────────────────────────────────────────────────────


def _key(model: HFLM, pairs: Sequence[Pair]) -> str | None:
    """Digest of everything that changes a token: the strings themselves, the tokenizer with its
    options, and the length inputs are cut to. None for a tokenizer that cannot be written down."""
    if not getattr(model.tokenizer, "is_fast", False):
        return None
    options = (_FORMAT, model.add_bos_token, model.prefix_token_id, model.max_length)
    digest = hashlib.blake2b(json.dumps(options).encode(), digest_size=20)
    digest.update(model.tokenizer.backend_tokenizer.to_str().encode())
    for context, continuation in pairs:
        digest.update(b"%d,%d:" % (len(context), len(continuation)))
        digest.update(context.encode(errors="surrogatepass"))
        digest.update(continuation.encode(errors="surrogatepass"))
    return digest.hexdigest()


def _write(path: Path, compiled: Compiled) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when it is whole: several children may compile the same at the same time.
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.savez(
            file,
            tokens=compiled.tree.tokens,
            positions=compiled.tree.positions,
            ends=compiled.tree.ends,
            leaves=compiled.leaves,
            offsets=compiled.offsets,
            target_nodes=compiled.target_nodes,
            target_tokens=compiled.target_tokens,
            stock_tokens=np.array(compiled.stock_tokens),
            digest=np.array(compiled.digest),
        )
    os.replace(file.name, path)


def _read(path: Path) -> Compiled | None:
    """None where there is none, or nothing whole: files are not synced to disk, and a host that
    loses its power keeps some of them in part."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            arrays = dict(stored)
        os.utime(path)  # so that the least recently used can be told
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    return _compiled(arrays, int(arrays["stock_tokens"]), str(arrays["digest"]))
