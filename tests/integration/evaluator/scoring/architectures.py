"""Tiny random models of many architectures, and questions that show where an engine goes wrong."""

import random
from collections.abc import Mapping
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from services.evaluator.harness_model import HarnessModel
from services.evaluator.scoring.choice import Candidate
from services.evaluator.scoring.fork import ForkEngine
from services.evaluator.scoring.prefix_tree import PrefixTreeEngine

_SIZES = {
    "vocab_size": 256,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
_ONE_HEAD_EACH = {"num_key_value_heads": 4}
_GPT_SIZES = {
    "vocab_size": 256,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 512,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
_LATENT = {
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "head_dim": 8,
    **_ONE_HEAD_EACH,
}

# Chunks of so many tokens begin and end within questions.
SMALL_CHUNKS = (
    Candidate("tree", PrefixTreeEngine, 64),
    Candidate("fork", lambda model, _: ForkEngine(model)),
)

Configs = Mapping[str, tuple[str, dict[str, Any]]]

TREE: Configs = {
    "llama": ("llama", _SIZES),
    "mistral": ("mistral", _SIZES | {"sliding_window": None}),
    "mistral with a window": ("mistral", _SIZES | {"sliding_window": 16}),
    "qwen2": ("qwen2", _SIZES),
    "qwen2 with a window": (
        "qwen2",
        _SIZES | {"use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1},
    ),
    "qwen3": ("qwen3", _SIZES | {"head_dim": 8}),
    "gemma": ("gemma", _SIZES | {"head_dim": 8}),
    "gemma2": ("gemma2", _SIZES | {"head_dim": 8, "sliding_window": 16}),
    "gemma3": (
        "gemma3_text",
        _SIZES
        | {
            "head_dim": 8,
            "sliding_window": 16,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "phi": ("phi", _SIZES | _ONE_HEAD_EACH),
    "phi3": ("phi3", _SIZES | {"sliding_window": None}),
    "phi3 with a window": ("phi3", _SIZES | {"sliding_window": 16}),
    "stablelm": ("stablelm", _SIZES),
    "olmo": ("olmo", _SIZES),
    "olmo2": ("olmo2", _SIZES),
    "olmo3": ("olmo3", _SIZES | {"sliding_window": 16}),
    "granite": ("granite", _SIZES),
    "cohere": ("cohere", _SIZES),
    "cohere2": ("cohere2", _SIZES | {"head_dim": 8, "sliding_window": 16}),
    "smollm3": ("smollm3", _SIZES),
    "glm4": ("glm4", _SIZES | {"head_dim": 8}),
    "starcoder2": ("starcoder2", _SIZES | {"sliding_window": 16}),
    "exaone4": ("exaone4", _SIZES | {"sliding_window": 16}),
    "gpt_neox": ("gpt_neox", _SIZES),
    "gpt2": ("gpt2", _GPT_SIZES),
    "gptj": ("gptj", _GPT_SIZES | {"rotary_dim": 8}),
    "opt": ("opt", _SIZES | {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "falcon": ("falcon", _SIZES | {"alibi": False, "new_decoder_architecture": False}),
    "mixtral": ("mixtral", _SIZES | {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "qwen3_moe": ("qwen3_moe", _SIZES | _EXPERTS | {"head_dim": 8}),
    "olmoe": ("olmoe", _SIZES | {"num_experts": 4, "num_experts_per_tok": 2}),
    "deepseek_v3": (
        "deepseek_v3",
        _SIZES
        | _LATENT
        | {
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
            "n_group": 1,
            "topk_group": 1,
            "moe_intermediate_size": 32,
            "first_k_dense_replace": 1,
        },
    ),
    "gpt_oss": (
        "gpt_oss",
        _SIZES
        | {
            "head_dim": 8,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "sliding_window": 16,
        },
    ),
    "llama4": (
        "llama4_text",
        _SIZES
        | {
            "head_dim": 8,
            "num_local_experts": 2,
            "intermediate_size_mlp": 48,
            "attention_chunk_size": 128,
        },
    ),
}
FORK: Configs = {
    "bloom": ("bloom", {"vocab_size": 256, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "mpt": (
        "mpt",
        {"vocab_size": 256, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 512},
    ),
    "falcon with ALiBi": ("falcon", _SIZES | {"alibi": True, "new_decoder_architecture": False}),
    "gpt_neo": (
        "gpt_neo",
        {
            "vocab_size": 256,
            "hidden_size": 32,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "window_size": 16,
            "max_position_embeddings": 512,
        },
    ),
    "falcon_h1": (
        "falcon_h1",
        _SIZES
        | {
            "head_dim": 8,
            "mamba_d_ssm": 32,
            "mamba_n_heads": 4,
            "mamba_d_head": 8,
            "mamba_n_groups": 1,
            "mamba_d_state": 8,
        },
    ),
    "lfm2": ("lfm2", _SIZES | {"layer_types": ["conv", "full_attention"], "conv_L_cache": 3}),
    "qwen3_next": (
        "qwen3_next",
        _SIZES
        | _EXPERTS
        | {
            "head_dim": 8,
            "layer_types": ["linear_attention", "full_attention"],
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
            "shared_expert_intermediate_size": 32,
        },
    ),
}
STOCK: Configs = {
    "mamba": ("mamba", {"vocab_size": 256, "hidden_size": 32, "num_hidden_layers": 2}),
    "mamba2": (
        "mamba2",
        {
            "vocab_size": 256,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_heads": 8,
            "head_dim": 8,
            "n_groups": 1,
            "state_size": 8,
        },
    ),
    "rwkv": ("rwkv", {"vocab_size": 256, "hidden_size": 32, "num_hidden_layers": 2}),
}


def random_model(kind: str, sizes: Mapping[str, Any]) -> PreTrainedModel:
    """Weights far enough from zero that a wrong mask or position moves a log-likelihood by nats."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes)).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.normal_(std=0.3)
    return model  # type: ignore[no-any-return]


def harness_model(model: PreTrainedModel, **options: Any) -> HarnessModel:
    return HarnessModel(
        pretrained=model,
        tokenizer=letters(),
        device="cpu",
        max_length=options.pop("max_length", 256),
        batch_size=options.pop("batch_size", 4),
        **options,
    )


def letters() -> PreTrainedTokenizerFast:
    """A tokenizer with a token for each character."""
    vocabulary = {"<s>": 0, "</s>": 1} | {chr(code): code for code in range(2, 256)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )


def questions(seed: int = 0) -> list[tuple[str, str]]:
    """Few-shot prompts with a common preamble, choices of one and of many tokens."""
    words = random.Random(seed)

    def text(length: int) -> str:
        return "".join(words.choices("abcdefghij klmno", k=length))

    pairs = []
    for _ in range(2):
        preamble = text(40)
        for _ in range(3):
            question = preamble + text(words.randint(5, 30)) + "\nA:"
            pairs += [(question, f" {letter}") for letter in "ABC"]
        question = preamble + text(20)
        pairs += [(question, f" {text(words.randint(3, 25))}x") for _ in range(3)]
    # One of them is what the model would write.
    pairs += [(text(30), character) for character in map(chr, range(2, 256))]
    return [*pairs, (text(4), " short"), (text(300), " cut from the left"), ("", "no context")]
