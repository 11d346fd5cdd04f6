import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from services.evaluator.scoring.choice import TREE_OF_BLOCKS, choices
from services.evaluator.scoring.compiling import compile_pairs
from services.evaluator.scoring.engine import run_whole
from services.evaluator.scoring.stock import StockEngine
from tests.integration.evaluator.scoring.architectures import (
    FORK,
    SMALL_CHUNKS,
    STOCK,
    TREE,
    harness_model,
    questions,
    random_model,
)

CASES = [
    pytest.param(engine, *config, id=f"{engine}: {name}")
    for engine, configs in (("tree", TREE), ("fork", FORK), ("hf", STOCK))
    for name, config in configs.items()
]
BLOCKS_IN_SMALL_CHUNKS = [dataclasses.replace(TREE_OF_BLOCKS, budget=200)]


@pytest.mark.parametrize(("expected", "kind", "sizes"), CASES)
def test_the_fastest_engine_that_agrees_is_chosen_and_gives_the_answers_of_lm_eval(
    expected: str, kind: str, sizes: Mapping[str, Any]
) -> None:
    model = harness_model(random_model(kind, sizes))
    compiled = compile_pairs(model, questions())

    engine, chosen = next(choices(model, compiled, SMALL_CHUNKS))
    answers = run_whole(engine, compiled)

    assert chosen.name == engine.name == expected, chosen.reason
    stock = run_whole(StockEngine(model), compiled)
    for (logprob, greedy), (stock_logprob, stock_greedy) in zip(answers, stock, strict=True):
        assert logprob == pytest.approx(stock_logprob, abs=1e-4)
        assert greedy == stock_greedy


def test_enough_architectures_are_scored_over_the_tree() -> None:
    assert len(TREE) >= 30


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("name", ["llama", "mistral with a window", "gemma3"])
def test_attention_that_skips_blocks_gives_the_same_answers(name: str) -> None:
    """Uncompiled, because compiling takes longer than all of these tests."""
    kind, sizes = TREE[name]
    model = harness_model(random_model(kind, sizes | {"head_dim": 16}))
    before = model.model.config._attn_implementation
    compiled = compile_pairs(model, questions())

    with torch.compiler.set_stance("force_eager"):
        engine, chosen = next(choices(model, compiled, BLOCKS_IN_SMALL_CHUNKS))
        answers = run_whole(engine, compiled)

    assert "tree with FlexAttention" in chosen.reason
    stock = run_whole(StockEngine(model), compiled)
    assert [logprob for logprob, _ in answers] == pytest.approx(
        [logprob for logprob, _ in stock], abs=1e-4
    )
    assert [greedy for _, greedy in answers] == [greedy for _, greedy in stock]
    assert model.model.config._attn_implementation == before
