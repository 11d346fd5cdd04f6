"""A model that an engine gets wrong has to be found out before it is scored."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance
from transformers import AutoConfig, LlamaForCausalLM, PreTrainedModel

from services.evaluator.scoring.choice import choices
from services.evaluator.scoring.compiling import compile_pairs
from services.evaluator.scoring.engine import run_whole
from services.evaluator.scoring.stock import StockEngine
from tests.integration.evaluator.scoring.architectures import (
    FORK,
    SMALL_CHUNKS,
    TREE,
    harness_model,
    questions,
    random_model,
)


class Maskless(LlamaForCausalLM):
    """Sees everything before it, whatever the mask says."""

    def forward(self, *arguments: Any, attention_mask: Any = None, **options: Any) -> Any:
        return super().forward(*arguments, **options)


class Forgetful(Maskless):
    """Has lost what its cache held."""

    def forward(self, *arguments: Any, past_key_values: Any = None, **options: Any) -> Any:
        return super().forward(*arguments, **options)


class Nowhere(LlamaForCausalLM):
    """Counts positions by itself."""

    def forward(self, *arguments: Any, position_ids: Any = None, **options: Any) -> Any:
        return super().forward(*arguments, **options)


class Shortsighted(LlamaForCausalLM):
    """Takes no mask once a text is long."""

    limit = 200

    def forward(self, *arguments: Any, attention_mask: Any = None, **options: Any) -> Any:
        if attention_mask is not None and options["position_ids"].max() < self.limit:
            options["attention_mask"] = attention_mask
        return super().forward(*arguments, **options)


def llama(
    kind: type[PreTrainedModel] = LlamaForCausalLM,
    dtype: torch.dtype = torch.float32,
    sizes: Mapping[str, Any] = MappingProxyType({}),
) -> PreTrainedModel:
    model = kind(AutoConfig.for_model("llama", **(TREE["llama"][1] | dict(sizes))))
    model.load_state_dict(random_model(*TREE["llama"]).state_dict())
    for_scoring: PreTrainedModel = torch.nn.Module.to(model, dtype).eval()
    return for_scoring


@pytest.mark.parametrize(
    ("kind", "expected"), [(Maskless, "fork"), (Nowhere, "fork"), (Forgetful, "hf")]
)
def test_an_engine_that_is_wrong_is_refused_with_the_difference(
    kind: type[PreTrainedModel], expected: str
) -> None:
    model = harness_model(llama(kind))
    compiled = compile_pairs(model, questions())

    engine, chosen = next(choices(model, compiled, SMALL_CHUNKS))

    assert engine.name == chosen.name == expected
    assert "tree: differs by" in chosen.reason
    assert chosen.probed > 0


def test_an_error_that_only_the_longest_question_shows_is_noticed() -> None:
    model = harness_model(llama(Shortsighted))
    compiled = compile_pairs(model, questions())
    assert sorted(compiled.lengths())[-2] < Shortsighted.limit < max(compiled.lengths())

    _, chosen = next(choices(model, compiled, SMALL_CHUNKS))

    assert chosen.name == "fork"


@pytest.mark.parametrize("rope", ["dynamic", "longrope"])
@pytest.mark.parametrize(("limit", "expected"), [(100, "hf"), (300, "tree")])
def test_rotary_embeddings_that_change_with_the_length_are_scored_by_lm_eval(
    rope: str, limit: int, expected: str
) -> None:
    parameters = {
        "rope_type": rope,
        "rope_theta": 10_000.0,
        "factor": 4.0,
        "original_max_position_embeddings": limit,
    }
    if rope == "longrope":
        parameters |= {"short_factor": [1.0] * 4, "long_factor": [4.0] * 4}
    sizes = {"rope_parameters": parameters, "max_position_embeddings": limit}
    model = harness_model(llama(sizes=sizes))
    compiled = compile_pairs(model, questions())

    _, chosen = next(choices(model, compiled, SMALL_CHUNKS))

    assert chosen.name == expected, chosen.reason
    assert (f"changes at {limit} tokens" in chosen.reason) == (expected == "hf")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_rounding_does_not_look_like_an_error_and_an_error_not_like_rounding(
    dtype: torch.dtype,
) -> None:
    sound = harness_model(llama(dtype=dtype))
    broken = harness_model(llama(Maskless, dtype))
    compiled = compile_pairs(sound, questions())

    assert next(choices(sound, compiled, SMALL_CHUNKS))[1].name == "tree"
    assert next(choices(broken, compiled, SMALL_CHUNKS))[1].name == "fork"


@pytest.mark.parametrize("name", ["mpt", "gpt_neo"])
def test_rounding_hides_no_distances_that_a_model_reckons_by_itself(name: str) -> None:
    """These weights and questions differ by less than rounding may in what a probe sees, and by 0.8
    nats in the rest."""
    weights = random_model(*FORK[name])
    with torch.no_grad():
        for each in weights.parameters():
            each.mul_(0.3 if each.dim() > 1 else 1.0)
    model = harness_model(torch.nn.Module.to(weights, torch.bfloat16))

    _, chosen = next(choices(model, compile_pairs(model, questions(1)), SMALL_CHUNKS))

    assert chosen.name == "fork", chosen.reason


def test_a_window_that_the_models_code_knows_nothing_of_is_none() -> None:
    model = harness_model(llama(sizes={"sliding_window": 16}))

    _, chosen = next(choices(model, compile_pairs(model, questions()), SMALL_CHUNKS))

    assert chosen.name == "tree", chosen.reason


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_tree_is_no_further_from_full_precision_than_lm_eval(dtype: torch.dtype) -> None:
    exact = harness_model(llama())
    rounded = harness_model(llama(dtype=dtype), softmax_dtype=None)
    compiled = compile_pairs(exact, questions())
    expected = [answer[0] for answer in run_whole(StockEngine(exact), compiled)]

    def error(answers: list[tuple[float, bool]]) -> float:
        pairs = zip(answers, expected, strict=True)
        return sum(abs(answer[0] - true) for answer, true in pairs)

    tree, chosen = next(choices(rounded, compiled, SMALL_CHUNKS))

    assert chosen.name == "tree"
    assert error(run_whole(tree, compiled)) < 1.5 * error(run_whole(StockEngine(rounded), compiled))


def test_an_engine_that_fails_on_a_whole_task_leaves_it_to_the_next() -> None:
    model = harness_model(llama())
    asked = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(questions())]
    stock = run_whole(StockEngine(model), compile_pairs(model, questions()))

    def fails(_: torch.nn.Module, __: object, options: dict[str, Any]) -> None:
        if options.get("attention_mask") is not None and options["input_ids"].numel() == 512:
            raise RuntimeError("out of resource: shared memory")

    model.model.register_forward_pre_hook(fails, with_kwargs=True)
    answers = model.loglikelihood(asked, disable_tqdm=True)

    engine = model.usage.engine
    assert engine.name == "fork"
    assert engine.reason.startswith("tree: RuntimeError: out of resource: shared memory; fork: ")
    assert [answer[0] for answer in answers] == pytest.approx(
        [answer[0] for answer in stock], abs=1e-4
    )


def test_a_probe_that_fits_memory_one_by_one_only_is_enough() -> None:
    model = harness_model(llama(dtype=torch.bfloat16))
    compiled = compile_pairs(model, questions())

    def runs_out(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if inputs and len(inputs[0]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model.model.register_forward_pre_hook(runs_out)

    assert next(choices(model, compiled, SMALL_CHUNKS))[1].name == "tree"
