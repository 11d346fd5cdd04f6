"""A run can be left after any part and gone on with by another process."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from services.evaluator.failures import EvaluationFault
from services.evaluator.harness_model import HarnessModel
from services.evaluator.protocol import Slice
from services.evaluator.scoring.compiling import Compiled, compile_pairs
from services.evaluator.scoring.engine import Answer, Engine, run_whole
from services.evaluator.scoring.fork import ForkEngine
from services.evaluator.scoring.prefix_tree import PrefixTreeEngine
from services.evaluator.scoring.slices import Course, Stopping, answer
from services.evaluator.scoring.stock import StockEngine
from tests.integration.evaluator.scoring.architectures import (
    TREE,
    harness_model,
    questions,
    random_model,
)

ENGINES: dict[str, Callable[[HarnessModel], Engine]] = {
    "tree": lambda model: PrefixTreeEngine(model, 64),
    "fork": ForkEngine,
    "hf": StockEngine,
}
every_engine = pytest.mark.parametrize("name", ENGINES)


@pytest.fixture
def model() -> HarnessModel:
    return harness_model(random_model(*TREE["llama"]), batch_size=1)


@pytest.fixture
def compiled(model: HarnessModel) -> Compiled:
    return compile_pairs(model, [*questions(0), *questions(1), *questions(2)])


def course(slices: list[Slice], *, stop_after: int | None = None, task: str = "colours") -> Course:
    steps = itertools.count(1)
    return Course(
        task=task,
        finished=tuple(slices),
        report=slices.append,
        announce=lambda done, total: None,
        stopping=lambda: stop_after is not None and next(steps) >= stop_after,
    )


@every_engine
def test_a_run_that_is_stopped_again_and_again_ends_with_the_same_answers(
    name: str, model: HarnessModel, compiled: Compiled
) -> None:
    engine = ENGINES[name](model)
    expected = run_whole(engine, compiled)
    slices: list[Slice] = []

    for _ in range(3):
        with pytest.raises(Stopping):
            answer(engine, compiled, "float32", course(slices, stop_after=1))
    # A slow machine reports more of them on the way to the end.
    answers = answer(engine, compiled, "float32", course(slices.copy()))

    assert [(one.start, one.stop) for one in slices] == [
        (0, slices[0].stop),
        (slices[0].stop, slices[1].stop),
        (slices[1].stop, slices[2].stop),
    ]
    for (logprob, greedy), (expected_logprob, expected_greedy) in zip(
        answers, expected, strict=True
    ):
        assert logprob == pytest.approx(expected_logprob, abs=1e-4)
        assert greedy == expected_greedy


@every_engine
def test_what_is_finished_is_not_forwarded_again(
    name: str, model: HarnessModel, compiled: Compiled
) -> None:
    engine = ENGINES[name](model)
    model.usage.forwarded_tokens = 0
    run_whole(engine, compiled)
    whole = model.usage.forwarded_tokens
    slices: list[Slice] = []
    with pytest.raises(Stopping):
        answer(engine, compiled, "float32", course(slices, stop_after=5))

    share_left = 1 - slices[-1].stop / engine.size(compiled)

    model.usage.forwarded_tokens = 0
    answer(engine, compiled, "float32", course(slices))

    open_path = int(compiled.lengths().max())
    assert model.usage.forwarded_tokens < whole * (share_left + 0.25) + open_path


@pytest.mark.parametrize(
    "change",
    [{"task": "tones"}, {"plan": "other"}, {"start": 1}],
    ids=lambda change: next(iter(change)),
)
def test_slices_of_something_else_are_left_aside(
    change: dict[str, object], model: HarnessModel, compiled: Compiled
) -> None:
    engine = ENGINES["tree"](model)
    slices: list[Slice] = []
    with pytest.raises(Stopping):
        answer(engine, compiled, "float32", course(slices, stop_after=2))
    wrong = [dataclasses.replace(slices[0], **change, answers=b"\0" * 99)]  # type: ignore[arg-type]

    answers = answer(engine, compiled, "float32", course(wrong))

    assert answers == run_whole(engine, compiled)


def test_another_setting_starts_anew(model: HarnessModel, compiled: Compiled) -> None:
    engine = ENGINES["tree"](model)
    slices: list[Slice] = []
    with pytest.raises(Stopping):
        answer(engine, compiled, "bfloat16", course(slices, stop_after=2))

    model.usage.forwarded_tokens = 0
    answer(engine, compiled, "float32", course(slices))

    assert model.usage.forwarded_tokens == len(compiled.tree)


def test_any_stretch_of_the_stream_can_be_scored_alone(
    model: HarnessModel, compiled: Compiled
) -> None:
    """Two devices could share the work: the second begins in the middle."""
    engine = PrefixTreeEngine(model, 50)
    whole = list(engine.run(compiled))

    for part in whole[:-1]:
        following = next(iter(engine.run(compiled, part.stop)))
        [expected] = [other for other in whole if other.stop == following.stop]
        assert following.logprobs == pytest.approx(expected.logprobs, abs=1e-4)
        assert following.greedy.tolist() == expected.greedy.tolist()


class Memory:
    """Of a device that has room for so many tokens in one forward pass."""

    def __init__(self, model: HarnessModel, tokens: int) -> None:
        self.too_large: list[int] = []
        self._tokens = tokens
        model.model.register_forward_pre_hook(self._run_out, with_kwargs=True)

    def _run_out(
        self, _: torch.nn.Module, inputs: tuple[torch.Tensor, ...], options: dict[str, torch.Tensor]
    ) -> None:
        size = (inputs[0] if inputs else options["input_ids"]).numel()
        if size > self._tokens:
            self.too_large.append(size)
            raise torch.OutOfMemoryError("CUDA out of memory")


def assert_equal(answers: list[Answer], expected: list[Answer]) -> None:
    assert [answer[1] for answer in answers] == [answer[1] for answer in expected]
    assert [answer[0] for answer in answers] == pytest.approx(
        [answer[0] for answer in expected], abs=1e-4
    )


def test_a_chunk_that_does_not_fit_memory_is_done_again_in_halves(
    model: HarnessModel, compiled: Compiled
) -> None:
    expected = run_whole(PrefixTreeEngine(model, 512), compiled)

    memory = Memory(model, 100)
    answers = run_whole(PrefixTreeEngine(model, 512), compiled)

    assert memory.too_large == [512, 256, 128]
    assert_equal(answers, expected)


def test_a_run_that_is_gone_on_with_halves_the_path_that_it_forwards_anew(
    model: HarnessModel, compiled: Compiled
) -> None:
    end_of_longest = int(compiled.leaves[np.argmax(compiled.lengths())])
    expected = list(PrefixTreeEngine(model, 400).run(compiled, end_of_longest))

    memory = Memory(model, 100)
    parts = list(PrefixTreeEngine(model, 400).run(compiled, end_of_longest))

    assert memory.too_large == [int(compiled.lengths().max()) - 1, 200]
    assert np.concatenate([part.logprobs for part in parts]) == pytest.approx(
        np.concatenate([part.logprobs for part in expected]), abs=1e-4
    )


def test_logits_that_do_not_fit_memory_are_computed_for_fewer_tokens(
    model: HarnessModel, compiled: Compiled
) -> None:
    expected = run_whole(PrefixTreeEngine(model, 512), compiled)
    too_large: list[int] = []

    class Logits(TorchFunctionMode):
        def __torch_function__(
            self, function: Any, types: Any, arguments: Any = (), options: Any = None
        ) -> Any:
            if function is torch.logsumexp and len(arguments[0]) > 64:
                too_large.append(len(arguments[0]))
                raise torch.OutOfMemoryError("CUDA out of memory")
            return function(*arguments, **(options or {}))

    with Logits():
        answers = run_whole(PrefixTreeEngine(model, 512), compiled)

    assert too_large
    assert_equal(answers, expected)


def test_a_batch_of_lm_evals_that_does_not_fit_memory_is_done_again_in_halves(
    compiled: Compiled,
) -> None:
    model = harness_model(random_model(*TREE["llama"]), batch_size=4)
    expected = run_whole(StockEngine(model), compiled)

    memory = Memory(model, int(compiled.lengths().max()))
    answers = run_whole(StockEngine(model), compiled)

    longest = int(compiled.lengths().max())
    assert memory.too_large[:2] == [4 * longest, 2 * longest]
    assert len(memory.too_large) == 2
    assert_equal(answers, expected)


def test_an_answer_that_is_no_number_is_the_models_failure(
    model: HarnessModel, compiled: Compiled
) -> None:
    with torch.no_grad():
        model.model.lm_head.weight[0, 0] = float("nan")

    with pytest.raises(EvaluationFault, match="scores-not-finite"):
        answer(ENGINES["tree"](model), compiled, "float32", course([]))
