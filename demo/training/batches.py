"""Documents as batches of token ids, and of the labels that say what is to be learnt."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from demo.recipes import DOCUMENTS_PER_STEP, Trained
from demo.text import Document
from demo.training.tokenizer import (
    ASSISTANT,
    CONTEXT,
    END_OF_TEXT,
    END_OF_TURN,
    PADDING,
    SPECIAL_TOKENS,
    USER,
)

SORTED_BATCHES = 16
"""Documents are sorted by length within so many batches, which leaves little padding."""

IGNORED = -100
"""The label that transformers' loss leaves out."""


@dataclass(frozen=True)
class Batch:
    """Token ids and the labels of the tokens to be learnt, both [documents, tokens]."""

    ids: torch.Tensor
    labels: torch.Tensor


def batches(tokenizer: Tokenizer, documents: Sequence[Document], how: Trained) -> Iterator[Batch]:
    """Batches without end; each document starts at position 0, as the questions of the tasks do."""
    rng = random.Random(how.seed)
    while True:
        order = rng.sample(documents, len(documents))
        for first in range(0, len(order), DOCUMENTS_PER_STEP * SORTED_BATCHES):
            chunk = [
                encoded(tokenizer, document, chat=how.chat)
                for document in order[first : first + DOCUMENTS_PER_STEP * SORTED_BATCHES]
            ]
            chunk.sort(key=len)
            cuts = [
                chunk[at : at + DOCUMENTS_PER_STEP]
                for at in range(0, len(chunk), DOCUMENTS_PER_STEP)
            ]
            for cut in rng.sample(cuts, len(cuts)):
                yield padded(cut)


def encoded(tokenizer: Tokenizer, document: Document, *, chat: bool) -> list[tuple[int, int]]:
    """The document as (token id, label): what is said is learnt, what is asked is only read."""
    tokens: list[tuple[int, int]] = []
    for turn, (asked, said) in enumerate(document.turns):
        if chat and asked:
            question = f"{USER}\n{asked}{END_OF_TURN}\n{ASSISTANT}\n"
            answer, after = f"{said}{END_OF_TURN}", "\n"
        else:
            question = f"\n\n{asked}" if turn else asked
            answer, after = (f" {said}" if asked else said), ""
        read, learnt = tokenizer.encode(question).ids, tokenizer.encode(answer).ids
        tokens += [(token, IGNORED) for token in read]
        tokens += [(token, token) for token in learnt]
        tokens += [(token, IGNORED) for token in tokenizer.encode(after).ids]
    end = SPECIAL_TOKENS.index(END_OF_TEXT)
    return [*tokens[: CONTEXT - 1], (end, end)]


def padded(rows: Sequence[list[tuple[int, int]]]) -> Batch:
    longest = max(len(row) for row in rows)
    padding = (SPECIAL_TOKENS.index(PADDING), IGNORED)
    table = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
    return Batch(ids=table[..., 0], labels=table[..., 1])
