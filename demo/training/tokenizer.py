"""The models' tokenizer: a byte-level BPE trained on their training text."""

import json
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from demo.text import Document

VOCABULARY = 768
CONTEXT = 256

END_OF_TEXT, PADDING, USER, ASSISTANT, END_OF_TURN = SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|pad|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
)
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|{{ message.role }}|>\n{{ message.content }}<|end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)

PIECES = r" ?\p{L}+| ?\d|[^\s\p{L}\d]|\s+"
"""Words with the blank before them, and single digits: a number's digits must stay apart."""


def train_tokenizer(documents: Sequence[Document]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        (document.plain() for document in documents),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, repository: Path, *, chat: bool) -> None:
    """As AutoTokenizer loads it; a chat model's turns end its text, and it has a template."""
    tokenizer.save(str(repository / "tokenizer.json"))
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END_OF_TEXT,
        "eos_token": end_token(chat=chat),
        "pad_token": PADDING,
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
    }
    (repository / "tokenizer_config.json").write_text(
        json.dumps(tokenizer_config, indent=2) + "\n", encoding="utf-8"
    )
    if chat:
        (repository / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")


def end_token(*, chat: bool) -> str:
    """What ends an answer."""
    return END_OF_TURN if chat else END_OF_TEXT
