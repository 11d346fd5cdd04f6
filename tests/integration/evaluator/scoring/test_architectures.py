from collections.abc import Mapping
from typing import Any

import pytest

from services.evaluator.scoring.choice import choose
from services.evaluator.scoring.compiling import compile_pairs
from services.evaluator.scoring.engine import run_whole
from services.evaluator.scoring.stock import StockEngine
from tests.integration.evaluator.scoring.architectures import (
    FORK,
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
CHUNK = 64  # tokens, so that chunks begin and end within questions


@pytest.mark.parametrize(("expected", "kind", "sizes"), CASES)
def test_the_fastest_engine_that_agrees_is_chosen_and_gives_the_answers_of_lm_eval(
    expected: str, kind: str, sizes: Mapping[str, Any]
) -> None:
    model = harness_model(random_model(kind, sizes))
    compiled = compile_pairs(model, questions())

    engine, chosen = choose(model, compiled, CHUNK)
    answers = run_whole(engine, compiled)

    assert chosen.name == engine.name == expected, chosen.reason
    stock = run_whole(StockEngine(model), compiled)
    for (logprob, greedy), (stock_logprob, stock_greedy) in zip(answers, stock, strict=True):
        assert logprob == pytest.approx(stock_logprob, abs=1e-4)
        assert greedy == stock_greedy


def test_enough_architectures_are_scored_over_the_tree() -> None:
    assert len(TREE) >= 30
