"""Models that break one rule or several, and what their submitters are told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from safetensors.numpy import save

from contracts.models import ModelType, Precision, WeightType
from contracts.views import Policy, Ruling
from tests.integration.validator.tiny_model import (
    ADAPTER_PARAMETERS,
    EMBEDDING,
    PARAMETERS,
    adapter,
    card,
    sharded,
    tokenizer,
    zeros,
)

TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
CHAT = {"chat_template": True}
WORDLESS = json.dumps(
    json.loads(tokenizer())
    | {"normalizer": {"type": "Replace", "pattern": {"Regex": "[\\s\\S]"}, "content": ""}}
)
GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128}


@dataclass(frozen=True)
class Broken:
    """One submission that is refused."""

    changes: Mapping[str, Any]
    """To a good model; `shown` is how the Hub shows it."""
    codes: tuple[str, ...]
    mentioned: str
    """A part of the first sentence."""
    submitted: Mapping[str, Any] = field(default_factory=dict)
    """What the submission says otherwise than that of a good model."""
    base: Mapping[str, Any] | None = None
    """Changes to a good base model; None for a submission that names none."""
    model_type: ModelType = ModelType.PRETRAINED
    submitter: str | None = None


def of_adapter(
    changes: Mapping[str, Any], code: str, mentioned: str, base: Mapping[str, Any] | None = None
) -> Broken:
    return Broken(changes, (code,), mentioned, {"weight_type": WeightType.ADAPTER}, base or {})


def of_delta(changes: Mapping[str, Any], code: str, mentioned: str, **submitted: Any) -> Broken:
    return Broken(
        changes, (code,), mentioned, {"weight_type": WeightType.DELTA, **submitted}, base={}
    )


def raw_header(content: bytes) -> dict[str, Any]:
    return {"files": {"model.safetensors": len(content).to_bytes(8, "little") + content}}


def ruling(name: str) -> Ruling:
    return Ruling(name=name, reason=f"{name} is not wanted.", at=datetime(2026, 1, 1, tzinfo=UTC))


POLICY = Policy(
    barred=tuple(
        map(ruling, ("Ada/Barred", "ada/barred-base-base", "ada/barred-gated-and-by-a-banned-user"))
    ),
    banned=(ruling("mallory"),),
)
"""What moderators have decided when these are submitted."""
DECIDED = {
    "barred": Broken({}, ("model-barred",), "Ada/Barred may not be submitted here: Ada/Barred is"),
    "barred-base": of_adapter(adapter(), "model-barred", "ada/barred-base-base may not be"),
    "banned": Broken({}, ("submitter-banned",), "mallory is not wanted.", submitter="Mallory"),
}
ACCESS = {
    "pushed-over": Broken(
        {}, ("commit-not-found",), "no longer has the commit ffffffff", {"commit": "f" * 40}
    ),
    "private": Broken({"shown": {"private": True}}, ("model-not-found",), "ada/private"),
    "gated": Broken({"shown": {"gated": "manual"}}, ("model-gated",), "gated"),
    "disabled": Broken({"shown": {"disabled": True}}, ("model-disabled",), "disabled"),
    "unsafe": Broken(
        {"shown": {"filesWithIssues": [{"path": "x.pkl", "level": "unsafe"}]}},
        ("files-unsafe",),
        "calls x.pkl unsafe",
    ),
}
CARDS = {
    "no-card": Broken({"files": {"README.md": None}}, ("card-missing",), "no README.md"),
    "broken-card": Broken(
        {"files": {"README.md": "---\nlicense: [\n---\n"}}, ("card-missing",), "no YAML"
    ),
    "undecodable-card": Broken(
        {"files": {"README.md": b"\xff\xfe"}}, ("card-missing",), "no text in UTF-8"
    ),
    "card-that-stops-the-client": Broken(
        {"files": {"README.md": card(tags=7)}}, ("card-missing",), "'int' object is not iterable"
    ),
    "card-of-a-reserved-word": Broken(
        {"files": {"README.md": card(ignore_metadata_errors=False)}},
        ("card-missing",),
        "ignore_metadata_errors",
    ),
    "endless-metadata": Broken(
        {"files": {"README.md": card(words=["x" * 90] * 6000)}},
        ("card-missing",),
        "at most 500,000 are read",
    ),
    "no-license": Broken(
        {"files": {"README.md": card(license=None)}}, ("license-missing",), "names no license"
    ),
    "license-without-link": Broken(
        {"files": {"README.md": card(license=None, license_name="acme-1")}},
        ("license-missing",),
        "of its own, 'acme-1', without `license_link`",
    ),
    "link-without-license": Broken(
        {"files": {"README.md": card(license=None, license_link="LICENSE")}},
        ("license-missing",),
        "names no license",
    ),
    "other-license": Broken(
        {"files": {"README.md": card(license="other")}},
        ("license-missing",),
        "says `license: other`, and has no `license_name` and `license_link` beside it",
    ),
    "other-license-without-link": Broken(
        {"files": {"README.md": card(license="Other", license_name="acme-1")}},
        ("license-missing",),
        "says `license: Other`, and has no `license_link` beside it",
    ),
    "other-license-without-name": Broken(
        {"files": {"README.md": card(license="other", license_link="LICENSE")}},
        ("license-missing",),
        "no `license_name` beside it",
    ),
    "license-of-another-type": Broken(
        {"files": {"README.md": card(license={"id": "mit"}, license_name=[None])}},
        ("license-missing",),
        "names no license",
    ),
    "license-by-accident": Broken(
        {"files": {"README.md": card(license=False, license_name=True, license_link=True)}},
        ("license-missing",),
        "names no license",
    ),
    "blank-license": Broken(
        {"files": {"README.md": card(license=" ")}}, ("license-missing",), "names no license"
    ),
    "endless-license": Broken(
        {"files": {"README.md": card(license="x" * 400_000)}},
        ("license-missing",),
        "names no license",
    ),
    "short-card": Broken(
        {"files": {"README.md": card(body="x" * 199)}}, ("card-too-short",), "199 characters"
    ),
    "padded-card": Broken(
        {"files": {"README.md": card(body="Hello." + "\n" * 300)}},
        ("card-too-short",),
        "6 characters",
    ),
    "card-without-metadata": Broken(
        {"files": {"README.md": "# Hello\n"}}, ("license-missing", "card-too-short"), "license"
    ),
}
WEIGHTS = {
    "pickle": Broken(
        {"files": {"model.safetensors": None, "pytorch_model.bin": b"\x80"}},
        ("safetensors-missing",),
        "pytorch_model.bin",
    ),
    "no-weights": Broken(
        {"files": {"model.safetensors": None}}, ("safetensors-missing",), "no weights at all"
    ),
    "oddly-named": Broken(
        {"files": {"model.safetensors": None, "weights.safetensors": EMBEDDING}},
        ("safetensors-missing",),
        "weights.safetensors",
    ),
    "empty-weights": Broken(
        {"files": {"model.safetensors": b""}}, ("weights-unreadable",), "model.safetensors is empty"
    ),
    "broken-weights": Broken(
        {"files": {"model.safetensors": b"this is no safetensors file"}},
        ("weights-unreadable",),
        "model.safetensors is no safetensors file",
    ),
    "strange-header": Broken(raw_header(b'{"a":1'), ("weights-unreadable",), "model.safetensors"),
    "strange-tensor": Broken(raw_header(b'{"a":1}'), ("weights-unreadable",), "model.safetensors"),
    "no-tensors": Broken(raw_header(b"{}"), ("weights-unreadable",), "no tensors"),
    "cut-off": Broken(
        {"files": {"model.safetensors": zeros(t=(8, 16))[:-450]}},
        ("weights-unreadable",),
        "its header describes 512 bytes",
    ),
    "missing-shard": Broken(
        sharded({"t": "gone.safetensors"}), ("weights-unreadable",), "names gone.safetensors"
    ),
    "missing-tensor": Broken(
        sharded({"t": "a.safetensors", "u": "a.safetensors"}, a=zeros(t=(1,))),
        ("weights-unreadable",),
        "places u in a.safetensors, which lacks it",
    ),
    "surplus-tensor": Broken(
        sharded({"t": "a.safetensors"}, a=zeros(t=(1,), u=(1,))),
        ("weights-unreadable",),
        "a.safetensors holds u",
    ),
    "cut-off-shard": Broken(
        sharded(
            {"t": "a.safetensors", "u": "b.safetensors"},
            a=zeros(t=(1,)),
            b=zeros(u=(64,))[:-200],
        ),
        ("weights-unreadable",),
        "b.safetensors is cut off",
    ),
    "empty-index": Broken(sharded({}), ("weights-unreadable",), "is empty"),
    "broken-index": Broken(
        {"files": {"model.safetensors": None, "model.safetensors.index.json": "[1]"}},
        ("weights-unreadable",),
        "model.safetensors.index.json",
    ),
}
CONFIGS = {
    "no-config": Broken({"files": {"config.json": None}}, ("config-unreadable",), "config.json"),
    "broken-config": Broken({"files": {"config.json": "{"}}, ("config-unreadable",), "config.json"),
    "list-config": Broken({"files": {"config.json": "[]"}}, ("config-unreadable",), "config"),
    "deep-config": Broken(
        {"files": {"config.json": "[" * 100_000}}, ("config-unreadable",), "config"
    ),
    "new-type": Broken({"config": {"model_type": "odd"}}, ("config-unreadable",), "odd"),
    "wrong-value": Broken(
        {"config": {"hidden_size": "many"}}, ("config-unreadable",), "hidden_size"
    ),
    "no-layers": Broken(
        {"config": {"num_hidden_layers": 0}}, ("config-unreadable",), "`num_hidden_layers` is 0"
    ),
    "own-weights-file": Broken(
        {"config": {"transformers_weights": "x.safetensors"}},
        ("config-unreadable",),
        "`transformers_weights`",
    ),
    "new-architecture": Broken(
        {"config": {"architectures": ["OddForCausalLM"]}},
        ("architecture-unknown",),
        "no OddForCausalLM",
    ),
    "no-architecture": Broken(
        {"config": {"architectures": None}}, ("architecture-missing",), "names no architecture"
    ),
    "classifier": Broken(
        {"config": {"architectures": ["LlamaForSequenceClassification"]}},
        ("architecture-not-causal-lm",),
        "LlamaForSequenceClassification is no causal language model: transformers has it for"
        " sequence classification",
    ),
    "headless": Broken(
        {"config": {"architectures": ["LlamaModel"]}},
        ("architecture-not-causal-lm",),
        "LlamaModel is no causal language model: the tasks need one",
    ),
    "encoder-decoder": Broken(
        {
            "config": {
                "architectures": ["T5ForConditionalGeneration"],
                "model_type": "t5",
                "is_encoder_decoder": True,
            }
        },
        ("architecture-not-causal-lm",),
        "seq to seq",
    ),
    "masked": Broken(
        {"config": {"architectures": ["BertForMaskedLM"], "model_type": "bert"}},
        ("architecture-not-causal-lm",),
        "masked lm",
    ),
    "config-of-another": Broken(
        {"config": {"architectures": ["LlamaForCausalLM"], "model_type": "clip"}},
        ("architecture-not-causal-lm",),
        "LlamaForCausalLM",
    ),
    "needs-code": Broken(
        {
            "config": {
                "model_type": "odd",
                "auto_map": {"AutoConfig": "configuration_odd.OddConfig"},
            },
            "files": {"configuration_odd.py": "raise SystemExit('never run me')"},
        },
        ("remote-code-needed",),
        "`auto_map` in config.json",
    ),
    "tokenizer-needs-code": Broken(
        {
            "tokenizer_config": {
                "tokenizer_class": "OddTokenizer",
                "auto_map": {"AutoTokenizer": ["odd.OddTokenizer", None]},
            },
            "files": {"tokenizer.json": None, "odd.py": "raise SystemExit('never run me')"},
        },
        ("remote-code-needed",),
        "`auto_map` in tokenizer_config.json",
    ),
}
TOKENIZERS = {
    "no-tokenizer": Broken(
        {"files": {"tokenizer.json": None, "tokenizer_config.json": None}},
        ("tokenizer-unreadable",),
        "tokenizer",
    ),
    "broken-tokenizer": Broken(
        {"files": {"tokenizer.json": "{}"}}, ("tokenizer-unreadable",), "tokenizer"
    ),
    "wordless-tokenizer": Broken(
        {"files": {"tokenizer.json": WORDLESS}}, ("tokenizer-empty",), "no tokens"
    ),
    "no-end-token": Broken(
        {"tokenizer_config": {"eos_token": None}}, ("tokenizer-lacks-end-token",), "`eos_token`"
    ),
    "too-many-words": Broken(
        {"files": {"tokenizer.json": tokenizer(("<unk>", *(f"w{n}" for n in range(8))))}},
        ("tokenizer-does-not-fit",),
        "ids up to 8, but the model has embeddings for 8 ids",
    ),
    "no-template": Broken({}, ("chat-template-missing",), "chat_template.jinja", CHAT),
    "broken-template": Broken(
        {"files": {"chat_template.jinja": "{% for"}}, ("chat-template-fails",), "two turns", CHAT
    ),
    "refusing-template": Broken(
        {"files": {"chat_template.jinja": "{{ raise_exception('one turn at most') }}"}},
        ("chat-template-fails",),
        "one turn at most",
        CHAT,
    ),
    "silent-template": Broken(
        {"files": {"chat_template.jinja": "Hello."}}, ("chat-template-fails",), "nothing", CHAT
    ),
    "endless-template": Broken(
        {
            "files": {
                "chat_template.jinja": "{% for a in range(99999) %}{% for b in range(99999) %}"
                "{% endfor %}{% endfor %}"
            }
        },
        ("chat-template-fails",),
        "longer than 4 s",
        CHAT,
    ),
    "greedy-template": Broken(
        {"files": {"chat_template.jinja": "{% set ns = namespace(a='x' * 2**32) %}"}},
        ("chat-template-fails",),
        "2,048 MiB of memory",
        CHAT,
    ),
}
PRECISIONS = {
    "precision-without-limit": Broken(
        {}, ("precision-not-accepted",), "does not accept 8bit", {"precision": Precision.INT8}
    ),
    "too-large": Broken(
        {"files": {"model.safetensors": zeros(t=(PARAMETERS + ADAPTER_PARAMETERS + 1,))}},
        ("params-over-limit",),
        "161 parameters",
    ),
    "too-many-packed": Broken(
        {
            "files": {"model.safetensors": save({"a.qweight": np.zeros(17, dtype=np.int32)})},
            "config": {"quantization_config": GPTQ},
        },
        ("params-over-limit",),
        "136 parameters",
        {"precision": Precision.GPTQ},
    ),
    "not-quantised": Broken(
        {}, ("precision-contradicts-weights",), "not quantised", {"precision": Precision.GPTQ}
    ),
    "quantised": Broken(
        {"config": {"quantization_config": GPTQ}},
        ("precision-contradicts-weights",),
        "quantised as gptq",
    ),
    "other-bits": Broken(
        {"config": {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}},
        ("precision-contradicts-weights",),
        "quantised as 8bit",
        {"precision": Precision.INT4},
    ),
    "other-method": Broken(
        {"config": {"quantization_config": {"quant_method": "awq", "bits": 4}}},
        ("precision-contradicts-weights",),
        "quantised as awq",
        {"precision": Precision.INT4},
    ),
}
ADAPTERS = {
    "adapter-among-weights": Broken(
        {"files": {"adapter_config.json": "{}"}}, ("adapter-among-weights",), "adapter_config.json"
    ),
    "adapter-as-model": Broken(adapter(), ("adapter-among-weights",), "weights are whole"),
    "adapter-without-base": Broken(
        adapter(),
        ("base-model-missing",),
        "of type adapter",
        {"weight_type": WeightType.ADAPTER},
    ),
    "adapter-without-config": of_adapter(
        adapter({"adapter_config.json": None}), "adapter-unreadable", "does not hold it"
    ),
    "adapter-broken-config": of_adapter(
        adapter({"adapter_config.json": "[1]"}), "adapter-unreadable", "no JSON object"
    ),
    "adapter-pickle": of_adapter(
        adapter({"adapter_model.safetensors": None, "adapter_model.bin": b"\x80"}),
        "safetensors-missing",
        "no adapter_model.safetensors; it holds adapter_model.bin",
    ),
    "adapter-broken-weights": of_adapter(
        adapter({"adapter_model.safetensors": b"x" * 20}), "weights-unreadable", "adapter_model"
    ),
    "prompt-tuning": of_adapter(
        adapter(peft_type="PROMPT_TUNING"), "adapter-not-mergeable", "PROMPT_TUNING"
    ),
    "typeless": of_adapter(adapter(peft_type=None), "adapter-not-mergeable", "unknown"),
    "replicated": of_adapter(
        adapter(layer_replication=[[0, 1]]), "adapter-not-mergeable", "`layer_replication`"
    ),
    "base-private": of_adapter(
        adapter(), "base-model-unusable", "no model ada/", {"shown": {"private": True}}
    ),
    "base-gated": of_adapter(
        adapter(), "base-model-unusable", "is gated", {"shown": {"gated": "auto"}}
    ),
    "base-unlicensed": of_adapter(
        adapter(),
        "base-model-unusable",
        "names no license",
        {"files": {"README.md": card(license=None)}},
    ),
    "base-pickle": of_adapter(
        adapter(), "base-model-unusable", "no weights", {"files": {"model.safetensors": None}}
    ),
    "base-classifier": of_adapter(
        adapter(),
        "base-model-unusable",
        "no causal language model",
        {"config": {"architectures": ["LlamaForSequenceClassification"]}},
    ),
    "base-adapter": Broken(
        adapter(),
        ("base-model-unusable",),
        "weights are whole",
        {"weight_type": WeightType.ADAPTER},
        adapter(),
    ),
    "too-large-together": of_adapter(
        adapter(),
        "params-over-limit",
        "161 parameters",
        {"files": {"model.safetensors": zeros(t=(PARAMETERS + 1,))}},
    ),
    "base-without-tokenizer": of_adapter(
        adapter({"adapter_model.safetensors": zeros(a=(0,), b=(1,))}),
        "tokenizer-unreadable",
        "tokenizer",
        {
            "files": {
                "model.safetensors": zeros(t=(1,)),
                "tokenizer.json": None,
                "tokenizer_config.json": None,
            }
        },
    ),
    "delta-of-another": of_delta(
        {"files": {"model.safetensors": zeros(t=(1,))}}, "delta-does-not-fit", "not in the delta"
    ),
    "delta-of-another-shape": of_delta(
        {"files": {"model.safetensors": zeros(**{"model.embed_tokens.weight": (8, 8)})}},
        "delta-does-not-fit",
        "[8, 8] in the delta and [8, 16]",
    ),
    "delta-with-more": of_delta(
        {
            "files": {
                "model.safetensors": zeros(**{"model.embed_tokens.weight": (7, 16), "z": (1,)})
            }
        },
        "delta-does-not-fit",
        "[7, 16]",
    ),
    "quantised-delta": of_delta({}, "delta-precision", "4bit", precision=Precision.INT4),
}
SEVERAL = {
    "barred-gated-and-by-a-banned-user": Broken(
        {"shown": {"gated": "auto"}},
        ("submitter-banned", "model-barred", "model-gated", "base-model-missing"),
        "mallory may not submit here",
        {"weight_type": WeightType.DELTA},
        model_type=ModelType.MERGE,
        submitter="mallory",
    ),
    "hopeless": Broken(
        {
            "files": {
                "README.md": "Hello.",
                "model.safetensors": None,
                "pytorch_model.bin": b"",
                "tokenizer.json": "{}",
            },
            "config": {"architectures": ["LlamaForSequenceClassification"]},
        },
        (
            "license-missing",
            "card-too-short",
            "safetensors-missing",
            "architecture-not-causal-lm",
            "tokenizer-unreadable",
            "precision-not-accepted",
        ),
        "license",
        {"precision": Precision.INT8},
    ),
    "hidden-and-unaccepted": Broken(
        {"shown": {"private": True}},
        ("model-not-found", "precision-not-accepted"),
        "ada/hidden-and-unaccepted",
        {"precision": Precision.INT8},
    ),
    "cut-off-and-mute": Broken(
        {
            "files": {"model.safetensors": b""},
            "tokenizer_config": {"eos_token": None},
        },
        ("weights-unreadable", "tokenizer-lacks-end-token", "chat-template-missing"),
        "empty",
        CHAT,
    ),
    "hopeless-adapter": Broken(
        adapter({"README.md": None}, peft_type="POLY"),
        ("card-missing", "base-model-unusable", "adapter-not-mergeable", "precision-not-accepted"),
        "README.md",
        {"weight_type": WeightType.ADAPTER, "precision": Precision.INT8},
        {"shown": {"disabled": True}},
    ),
}
BROKEN_MODELS: dict[str, Broken] = {
    **DECIDED,
    **ACCESS,
    **CARDS,
    **WEIGHTS,
    **CONFIGS,
    **TOKENIZERS,
    **PRECISIONS,
    **ADAPTERS,
    **SEVERAL,
}
