"""Strings → token ids, in batches, equal to what lm-eval makes of one string at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import has_bos_prefix

Ids = np.ndarray
"""int32, one dimension."""

# A batch's encodings hold some 60 bytes a token besides the ids, so they are not kept.
_BATCH_CHARACTERS = 4_000_000
_COMPARED_STRINGS = 8


def encode_pairs(model: HFLM, pairs: Sequence[tuple[str, str]]) -> list[tuple[Ids, Ids]]:
    """The ids of every context and of its continuation, as `TemplateLM.loglikelihood` makes them.
    Each distinct string is encoded once."""
    split = [_move_trailing_spaces(*pair) if pair[0] else None for pair in pairs]
    texts = dict.fromkeys(text for pair in split if pair for text in (pair[0], "".join(pair)))
    alone = dict.fromkeys(continuation for context, continuation in pairs if not context)
    ids_of = encode_strings(model, list(texts))
    ids_alone = encode_strings(model, list(alone), add_special_tokens=False)

    def encoded(index: int) -> tuple[Ids, Ids]:
        pair = split[index]
        if pair is None:
            return _behind_prefix(ids_alone[pairs[index][1]], model.prefix_token_id)
        context = ids_of[pair[0]]
        return context, ids_of["".join(pair)][len(context) :]

    return [encoded(index) for index in range(len(pairs))]


def _move_trailing_spaces(context: str, continuation: str) -> tuple[str, str]:
    """As `TemplateLM._encode_pair` does: tokenizers join a space to the word behind it."""
    kept = len(context.rstrip())
    return context[:kept], context[kept:] + continuation


def _behind_prefix(ids: Ids, prefix: int) -> tuple[Ids, Ids]:
    """What stands in for an empty context."""
    if len(ids) and ids[0] == prefix:
        return ids[:1], ids[1:]
    return np.array([prefix], np.int32), ids


def encode_strings(
    model: HFLM, strings: list[str], *, add_special_tokens: bool | None = None
) -> dict[str, Ids]:
    """`tok_encode` of each."""

    def one_by_one() -> dict[str, Ids]:
        return {text: _encode(model, text, add_special_tokens) for text in strings}

    if not getattr(model.tokenizer, "is_fast", False):
        return one_by_one()
    bos = model.tokenizer.decode(model.prefix_token_id)
    found: dict[str, Ids] = {}
    for has_bos in (False, True):
        group = [
            text
            for text in strings
            if (add_special_tokens is None and has_bos_prefix(text, bos)) == has_bos
        ]
        special = False if has_bos else _special_tokens(model, add_special_tokens)
        found |= _encode_batches(model.tokenizer.backend_tokenizer, group, special)
    # The batch bypasses transformers, so it has to prove for this tokenizer that it may.
    for text in strings[:: max(1, len(strings) // _COMPARED_STRINGS)]:
        if not np.array_equal(found[text], _encode(model, text, add_special_tokens)):
            return one_by_one()
    return found


def _encode(model: HFLM, text: str, add_special_tokens: bool | None) -> Ids:
    return np.array(model.tok_encode(text, add_special_tokens=add_special_tokens), np.int32)


def _special_tokens(model: HFLM, asked: bool | None) -> bool:
    """What `tok_encode` passes on; a tokenizer that is not told adds them."""
    if asked is not None:
        return asked
    return True if model.add_bos_token is None else bool(model.add_bos_token)


def _encode_batches(backend: Any, strings: list[str], special: bool) -> dict[str, Ids]:
    # A tokenizer.json may come with these switched on; transformers switches them off as well.
    backend.no_truncation()
    backend.no_padding()
    found: dict[str, Ids] = {}
    batch: list[str] = []
    size = 0
    for text in strings:
        batch.append(text)
        size += len(text)
        if size >= _BATCH_CHARACTERS:
            found |= _encode_batch(backend, batch, special)
            batch, size = [], 0
    return found | _encode_batch(backend, batch, special)


def _encode_batch(backend: Any, batch: list[str], special: bool) -> dict[str, Ids]:
    encodings = backend.encode_batch_fast(batch, add_special_tokens=special)
    return {
        text: np.array(encoding.ids, np.int32)
        for text, encoding in zip(batch, encodings, strict=True)
    }
