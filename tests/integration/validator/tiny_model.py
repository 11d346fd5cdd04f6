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
    "eos_token": "<unk>",
}
BODY = "# A tiny model\n\n" + "It was made by a test, has never seen a text, and says nothing. " * 3
CARD = f"---\nlicense: mit\n---\n{BODY}\n"
EMBEDDING = save({"model.embed_tokens.weight": np.zeros((8, 16), dtype=np.float32)})
PARAMETERS = 128
ADAPTER_CONFIG: dict[str, Any] = {"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"]}
ADAPTER_PARAMETERS = 32

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
        "tokenizer.json": tokenizer(),
        "tokenizer_config.json": json.dumps(TOKENIZER_CONFIG | dict(tokenizer_config or {})),
        "model.safetensors": EMBEDDING,
        **(files or {}),
    }
    for name, content in contents.items():
        if content is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def adapter(files: Files | None = None, **options: Any) -> dict[str, Any]:
    """What turns a whole model into an adapter with these options in its configuration."""
    return {
        "files": {
            "config.json": None,
            "tokenizer.json": None,
            "tokenizer_config.json": None,
            "model.safetensors": None,
            "adapter_config.json": json.dumps(ADAPTER_CONFIG | options),
            "adapter_model.safetensors": save({"a": np.zeros((2, 16), dtype=np.float32)}),
            **(files or {}),
        }
    }


def card(body: str = BODY, **metadata: Any) -> str:
    return f"---\n{json.dumps({'license': 'mit'} | metadata)}\n---\n{body}\n"


def zeros(**shapes: tuple[int, ...]) -> bytes:
    """A safetensors file."""
    return save({name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()})


def sharded(weight_map: Mapping[str, str], **shards: bytes) -> dict[str, Any]:
    """What splits a whole model into `<name>.safetensors`, indexed like that."""
    return {
        "files": {
            "model.safetensors": None,
            "model.safetensors.index.json": json.dumps({"weight_map": weight_map}),
            **{f"{name}.safetensors": content for name, content in shards.items()},
        }
    }


def tokenizer(words: tuple[str, ...] = ("<unk>", "one", "two", "three")) -> str:
    vocabulary = {word: n for n, word in enumerate(words)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return str(made.to_str())
