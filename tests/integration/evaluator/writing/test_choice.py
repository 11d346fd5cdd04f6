from typing import Any, Literal

import pytest
import torch
from lm_eval.api.instance import Instance
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from contracts.evaluation import Engine
from services.evaluator.writing.choice import choose, too_slow
from services.evaluator.writing.stock import StockWriter
from tests.integration.evaluator.scoring.architectures import FORK, STOCK, TREE, random_model
from tests.integration.evaluator.writing.models import (
    WritingModel,
    byte_tokenizer,
    random_llama,
    request,
)

REQUESTS = [request(f"the answer {n}" * n, until=["\n"], max_gen_toks=20) for n in range(1, 12)]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return byte_tokenizer()


def chosen(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    requests: list[Instance] = REQUESTS,
    wanted: Literal["auto", "hf", "continuous"] = "continuous",
) -> Engine:
    writing = WritingModel(model, tokenizer, max_length=256)
    attention = model.config._attn_implementation
    writer, engine = choose(writing, requests, StockWriter(writing), writing.usage, wanted)
    assert writer.name == engine.name
    assert model.config._attn_implementation == attention
    return engine


@pytest.mark.parametrize(
    ("device", "dtype", "has_flash_attention", "reason"),
    [
        ("cuda", torch.bfloat16, True, None),
        ("cuda", torch.float16, True, None),
        ("cuda", torch.bfloat16, False, "lacks"),
        ("cuda", torch.float32, True, "float32"),
        ("cpu", torch.float32, False, "slower on a cpu"),
        ("mps", torch.float16, False, "slower on a mps"),
    ],
)
def test_continuous_batching_is_for_gpus_with_flash_attention(
    device: str, dtype: torch.dtype, has_flash_attention: bool, reason: str | None
) -> None:
    found = too_slow(device, dtype, has_flash_attention)
    assert found is None if reason is None else reason in str(found)


def test_on_a_cpu_lm_evals_own_backend_writes(tokenizer: PreTrainedTokenizerFast) -> None:
    engine = chosen(random_llama(), tokenizer, wanted="auto")
    assert engine == Engine(name="hf", reason="continuous: slower on a cpu")


def test_lm_evals_own_backend_writes_where_it_is_wanted(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    engine = chosen(random_llama(), tokenizer, wanted="hf")
    assert engine == Engine(name="hf", reason="as the operator chose")


@pytest.mark.parametrize(
    "name", ["llama", "mistral with a window", "gemma3", "qwen3_moe", "gpt2", "gpt_oss"]
)
def test_a_model_that_writes_the_same_is_trusted(
    name: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    kind, sizes = TREE[name]
    engine = chosen(random_model(kind, {**sizes, "vocab_size": 300}), tokenizer)
    assert engine.name == "continuous"
    assert engine.probed == 8
    assert engine.difference is not None
    assert engine.difference < 1e-4


@pytest.mark.parametrize(("name", "config"), [("bloom", FORK["bloom"]), ("mamba", STOCK["mamba"])])
def test_a_model_that_does_not_is_left_to_lm_eval(
    name: str, config: tuple[str, Any], tokenizer: PreTrainedTokenizerFast
) -> None:
    kind, sizes = config
    engine = chosen(random_model(kind, {**sizes, "vocab_size": 300}), tokenizer)
    assert engine.name == "hf"
    assert engine.reason.startswith("continuous: ")


@pytest.mark.parametrize(
    ("authors", "lost"),
    [
        ({"repetition_penalty": 1.05}, "RepetitionPenaltyLogitsProcessor"),
        ({"no_repeat_ngram_size": 3}, "NoRepeatNGramLogitsProcessor"),
        ({"min_new_tokens": 5}, "MinNewTokensLengthLogitsProcessor"),
        ({"stop_strings": ["x"]}, "stop_strings"),
        ({"num_beams": 2}, "beam_search"),
        ({"prompt_lookup_num_tokens": 2}, "assisted_generation"),
    ],
)
@pytest.mark.parametrize("by_the_request", [False, True])
def test_what_continuous_batching_would_leave_out_is_written_by_lm_eval(
    authors: dict[str, Any], lost: str, by_the_request: bool, tokenizer: PreTrainedTokenizerFast
) -> None:
    model, requests = random_llama(), REQUESTS
    if by_the_request:
        requests = [*REQUESTS, request("x", until=[], max_gen_toks=20, **authors)]
    else:
        vars(model.generation_config).update(authors)
    assert chosen(model, tokenizer, requests).reason == f"continuous: it knows no {lost}"


def test_a_models_authors_may_sample_where_a_task_does_not(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = random_llama()
    authors = {"do_sample": True, "temperature": 0.6, "top_p": 0.9, "top_k": 20}
    vars(model.generation_config).update(authors)
    assert chosen(model, tokenizer).name == "continuous"


def test_a_model_over_several_devices_is_left_to_lm_eval(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = random_llama()
    vars(model)["hf_device_map"] = {"model": 0, "lm_head": 1}
    assert "several devices" in chosen(model, tokenizer).reason
