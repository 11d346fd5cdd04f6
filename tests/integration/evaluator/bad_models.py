"""Models that cannot be evaluated, each broken in one way, and what their authors are told."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from contracts.models import Precision

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class BadModel:
    name: str
    spoil: Callable[[Path], None]
    """Breaks the good model that lies in this folder."""
    code: str
    says: str
    """Part of the sentence its author reads."""
    precision: Precision = Precision.FLOAT32
    chat_template: bool = False

    def make(self, good: Path, folder: Path) -> None:
        shutil.copytree(good, folder)
        self.spoil(folder)


# ── how to break one ─────────────────────────────────────────────────────────────────────────────


def edit(folder: Path, file: str, change: Callable[[Any], object]) -> None:
    content = json.loads((folder / file).read_text())
    change(content)
    (folder / file).write_text(json.dumps(content))


def with_entries(file: str, **entries: object) -> Callable[[Path], None]:
    return lambda folder: edit(folder, file, lambda content: content.update(entries))


def with_content(file: str, content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / file).write_bytes(content)

    return write


def without(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


def with_tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS, {"format": "pt"})

    return save


def with_values(tensor: str, value: float) -> Callable[[Path], None]:
    def fill(tensors: dict[str, torch.Tensor]) -> None:
        tensors[tensor][0, :3] = value

    return with_tensors(fill)


def _multiply_inner_layers(tensors: dict[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        if "gate_proj" in name or "up_proj" in name:
            tensor.mul_(2e5)


def _truncate(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])


def _shard(folder: Path) -> list[str]:
    """Spread the weights over two files, as large models are."""
    tensors = load_file(folder / WEIGHTS)
    names = sorted(tensors)
    shards = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for shard, held in shards.items():
        save_file({name: tensors[name] for name in held}, folder / shard, {"format": "pt"})
    weight_map = {name: shard for shard, held in shards.items() for name in held}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / WEIGHTS).unlink()
    return list(shards)


def _lose_a_shard(folder: Path) -> None:
    (folder / _shard(folder)[1]).unlink()


def _corrupt_a_shard(folder: Path) -> None:
    (folder / _shard(folder)[1]).write_bytes(b"\xff" * 4096)


def _break_the_index(folder: Path) -> None:
    _shard(folder)
    (folder / INDEX).write_text("{")


def _point_outside(folder: Path) -> None:
    _shard(folder)
    edit(folder, INDEX, lambda index: index["weight_map"].update({"x": "../../secret.safetensors"}))


def _empty_the_vocabulary(folder: Path) -> None:
    def empty(tokenizer: dict[str, Any]) -> None:
        tokenizer["model"] |= {"vocab": {}, "merges": []}

    edit(folder, TOKENIZER, empty)


def _panic(folder: Path) -> None:
    """The Rust library gives up over it instead of raising."""
    template = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "<none>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [],
        "special_tokens": {},
    }
    with_entries(TOKENIZER, post_processor=template)(folder)


def _with_heads_that_do_not_divide(folder: Path) -> None:
    """Four queries share three keys: that loads, and fails when it runs."""
    config = LlamaConfig.from_pretrained(folder)
    config.update({"num_attention_heads": 4, "num_key_value_heads": 3, "head_dim": 8})
    LlamaForCausalLM(config).save_pretrained(folder)


def _with_chat_template(template: str) -> Callable[[Path], None]:
    return with_entries(TOKENIZER_CONFIG, chat_template=template)


_ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"

BAD_FILES = [
    BadModel(
        "nan",
        with_values("model.layers.1.mlp.up_proj.weight", float("nan")),
        "weights-not-finite",
        "model.layers.1.mlp.up_proj.weight has 3 NaN values",
    ),
    BadModel(
        "infinite",
        with_values("lm_head.weight", float("-inf")),
        "weights-not-finite",
        "lm_head.weight has 3 infinite values",
    ),
    BadModel(
        "nan-before-quantization",
        with_values("model.layers.1.mlp.up_proj.weight", float("nan")),
        "weights-not-finite",
        "model.layers.1.mlp.up_proj.weight in model.safetensors has 3 NaN values",
        Precision.INT8,
    ),
    BadModel(
        "beyond-float16",
        with_values("lm_head.weight", 1e6),
        "weights-not-finite",
        "lm_head.weight has 3 infinite values as float16",
        Precision.FLOAT16,
    ),
    BadModel(
        "overflowing",
        with_tensors(_multiply_inner_layers),
        "scores-not-finite",
        "The model's logits are not finite",
        Precision.FLOAT16,
    ),
    BadModel(
        "incomplete",
        with_tensors(lambda tensors: tensors.pop("model.layers.0.self_attn.q_proj.weight")),
        "model-does-not-load",
        "lack 1 of the model's tensors, the first being model.layers.0.self_attn.q_proj.weight",
    ),
    BadModel(
        "misshapen",
        with_entries(CONFIG, intermediate_size=48),
        "model-does-not-load",
        "model.layers.0.mlp.down_proj.weight: [32, 64] in the safetensors files, [32, 48] by the",
    ),
    BadModel(
        "wrong-vocabulary-size",
        with_entries(CONFIG, vocab_size=300),
        "model-does-not-load",
        "lm_head.weight: [320, 32] in the safetensors files, [300, 32] by the configuration",
    ),
    BadModel(
        "without-layers",
        with_entries(CONFIG, num_hidden_layers=0),
        "model-does-not-load",
        "config.json gives the model 0 layers",
    ),
    BadModel(
        "a-million-layers",
        with_entries(CONFIG, num_hidden_layers=1_000_000),
        "model-does-not-load",
        "describes a model of 1,000,000 layers, but the safetensors files hold 21 tensors",
    ),
    BadModel(
        "far-too-wide",
        with_entries(CONFIG, intermediate_size=1_000_000_000),
        "model-does-not-load",
        "describes a model of 192,000,",
    ),
    BadModel("cut-off", _truncate, "weights-unreadable", "is no whole safetensors file"),
    BadModel(
        "lfs-pointer",
        with_content(WEIGHTS, b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a"),
        "weights-unreadable",
        "model.safetensors, of 58 bytes, is no whole safetensors file",
    ),
    BadModel("pickled", without(WEIGHTS), "safetensors-missing", "neither model.safetensors nor"),
    BadModel(
        "shard-missing",
        _lose_a_shard,
        "weights-unreadable",
        "names model-2.safetensors, which the repository does not hold",
    ),
    BadModel("shard-corrupt", _corrupt_a_shard, "weights-unreadable", "model-2.safetensors, of"),
    BadModel("index-broken", _break_the_index, "weights-unreadable", f"{INDEX} is no JSON"),
    BadModel("index-escaping", _point_outside, "weights-unreadable", "../../secret.safetensors"),
    BadModel(
        "unknown-architecture",
        with_entries(CONFIG, model_type="zorg"),
        "architecture-unknown",
        "model type 'zorg', which transformers",
    ),
    BadModel(
        "encoder-decoder",
        with_entries(CONFIG, model_type="t5", architectures=["T5ForConditionalGeneration"]),
        "architecture-not-causal-lm",
        "of type 't5', which is no causal language model",
    ),
    BadModel("config-missing", without(CONFIG), "config-unreadable", "holds no config.json"),
    BadModel(
        "config-broken", with_content(CONFIG, b"{"), "config-unreadable", "config.json is no JSON"
    ),
    BadModel("config-a-list", with_content(CONFIG, b"[]"), "config-unreadable", "no JSON object"),
    BadModel(
        "config-mistyped",
        with_entries(CONFIG, hidden_size="big"),
        "config-unreadable",
        "Field 'hidden_size' expected int, got str",
    ),
    BadModel(
        "unknown-activation",
        with_entries(CONFIG, hidden_act="zorg"),
        "model-does-not-load",
        "zorg",
    ),
    BadModel(
        "weights-elsewhere",
        with_entries(CONFIG, transformers_weights="adapter_model.bin"),
        "config-unreadable",
        "`transformers_weights`",
    ),
    BadModel(
        "remote-model",
        with_entries(CONFIG, model_type="zorg", auto_map={"AutoModelForCausalLM": "code.Model"}),
        "remote-code-needed",
        "`auto_map` in config.json",
    ),
    BadModel(
        "remote-tokenizer",
        with_entries(
            TOKENIZER_CONFIG,
            tokenizer_class="ZorgTokenizer",
            auto_map={"AutoTokenizer": ["code.Zorg", None]},
        ),
        "remote-code-needed",
        "`auto_map` in tokenizer_config.json",
    ),
    BadModel(
        "adapter-inside",
        with_content(
            "adapter_config.json", b'{"peft_type": "LORA", "base_model_name_or_path": "/"}'
        ),
        "adapter-among-weights",
        "holds adapter_config.json",
    ),
    BadModel(
        "few-embeddings",
        lambda folder: _with_few_embeddings(folder),
        "tokenizer-does-not-fit",
        "but the model has embeddings for 200 ids",
    ),
    BadModel("vocabulary-empty", _empty_the_vocabulary, "tokenizer-empty", "into no tokens"),
    BadModel(
        "tokenizer-missing",
        without(TOKENIZER),
        "tokenizer-unreadable",
        "The repository holds no vocabulary",
    ),
    BadModel(
        "tokenizer-broken",
        with_content(TOKENIZER, b"{"),
        "tokenizer-unreadable",
        "tokenizer.json is no JSON",
    ),
    BadModel(
        "tokenizer-of-another-kind",
        lambda folder: edit(folder, TOKENIZER, lambda it: it["model"].update(type="Zorg")),
        "tokenizer-unreadable",
        "data did not match any variant",
    ),
    BadModel("tokenizer-panicking", _panic, "tokenizer-unreadable", "no entry found for key"),
    BadModel(
        "tokenizer-config-broken",
        with_content(TOKENIZER_CONFIG, b"{"),
        "tokenizer-unreadable",
        "tokenizer_config.json is no JSON",
    ),
    BadModel(
        "endless-text",
        with_entries(TOKENIZER_CONFIG, eos_token=None),
        "tokenizer-lacks-end-token",
        "names no `eos_token`",
    ),
    BadModel(
        "without-context",
        with_entries(CONFIG, max_position_embeddings=0),
        "context-too-short",
        "a context of 0 tokens",
    ),
    BadModel(
        "undivided-heads",
        _with_heads_that_do_not_divide,
        "model-does-not-run",
        "fails on its first tokens",
    ),
    BadModel(
        "quantized-unsaid",
        with_entries(CONFIG, quantization_config={"quant_method": "gptq", "bits": 4}),
        "precision-contradicts-weights",
        "says float32, but `quantization_config` in config.json says that the weights are"
        " quantized as gptq",
    ),
    BadModel(
        "not-quantized",
        lambda folder: None,
        "precision-contradicts-weights",
        "has no `quantization_config`",
        Precision.GPTQ,
    ),
]
"""Those that do not get as far as a task."""

BAD_AT_WORK = [
    BadModel(
        "context-of-two",
        with_entries(CONFIG, max_position_embeddings=2),
        "context-too-short",
        "does not fit a model that holds 2",
    ),
    BadModel(
        "untemplated",
        lambda folder: None,
        "chat-template-missing",
        "the tokenizer has none",
        chat_template=True,
    ),
    BadModel(
        "template-refusing",
        _with_chat_template("{{ raise_exception('only poems') }}"),
        "chat-template-fails",
        "refuses a prompt: only poems",
        chat_template=True,
    ),
    BadModel(
        "template-misspelt",
        _with_chat_template("{% for %}"),
        "chat-template-fails",
        "refuses a prompt",
        chat_template=True,
    ),
    BadModel(
        "template-dividing",
        _with_chat_template("{{ 1 // 0 }}"),
        "chat-template-fails",
        "ZeroDivisionError",
        chat_template=True,
    ),
    BadModel(
        "template-endless",
        _with_chat_template(_ENDLESS),
        "chat-template-fails",
        "takes longer than",
        chat_template=True,
    ),
    BadModel(
        "template-huge",
        _with_chat_template("{{ ('x' * 2000000000) | length }}"),
        "chat-template-fails",
        "takes more than",
        chat_template=True,
    ),
    BadModel(
        "template-escaping",
        _with_chat_template("{{ ''.__class__.__mro__[1].__subclasses__() }}"),
        "chat-template-fails",
        "refuses a prompt: access to attribute",
        chat_template=True,
    ),
]
"""Those that load."""


def _with_few_embeddings(folder: Path) -> None:
    small = LlamaForCausalLM.from_pretrained(folder)
    small.resize_token_embeddings(200)
    small.save_pretrained(folder)
