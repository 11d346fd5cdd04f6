"""Repositories with a tiny model, or with one that is broken in one way."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save
from tokenizers import Tokenizer, models, pre_tokenizers

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 8,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
    "dtype": "float32",
}
TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "unk_token": "<unk>",
}
CARD = "---\nlicense: mit\n---\n# A tiny model\n"
EMBEDDING = save({"model.embed_tokens.weight": np.zeros((8, 16), dtype=np.float32)})
PARAMETERS = 128

Files = Mapping[str, str | bytes | None]
"""Content by name; None for a file that is left out."""


def write_model(
    folder: Path,
    files: Files | None = None,
    config: Mapping[str, Any] | None = None,
    tokenizer_config: Mapping[str, Any] | None = None,
) -> None:
    """A whole model, but for these changes."""
    folder.mkdir(parents=True)
    contents: dict[str, str | bytes | None] = {
        "README.md": CARD,
        "config.json": json.dumps(CONFIG | dict(config or {})),
        "tokenizer.json": _tokenizer(),
        "tokenizer_config.json": json.dumps(TOKENIZER_CONFIG | dict(tokenizer_config or {})),
        "model.safetensors": EMBEDDING,
        **(files or {}),
    }
    for name, content in contents.items():
        if content is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def _tokenizer() -> str:
    vocabulary = {word: n for n, word in enumerate(["<unk>", "one", "two", "three"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return str(tokenizer.to_str())
