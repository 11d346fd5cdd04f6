"""Standard errors against a bootstrap: the samples drawn again with replacement, 20,000 times, and
scored anew each time."""

from collections.abc import Mapping
from math import sqrt
from statistics import pstdev

import numpy as np
import pytest

from contracts.board import Averaging, BoardTask, Subtask
from contracts.evaluation import HarnessResult
from services.aggregator.normalization import Column
from services.aggregator.uncertainty import of_clamped, of_dependent_mean, of_mean, of_share

DRAWS = 20_000
METRIC = "acc,none"


def result(task: str, correct: int, samples: int) -> HarnessResult:
    """With lm-eval's own standard error of an accuracy."""
    share = correct / samples
    return HarnessResult(
        task=task,
        version="1",
        shots=0,
        samples=samples,
        metrics={METRIC: share},
        stderrs={METRIC: sqrt(share * (1 - share) / (samples - 1))},
    )


def bootstrapped(task: BoardTask, counts: Mapping[str, tuple[int, int]]) -> float:
    """Drawing n documents of which k are correct gives a binomial number of correct ones."""
    generator = np.random.default_rng(7)
    draws = {
        name: generator.binomial(samples, correct / samples, DRAWS).tolist()
        for name, (correct, samples) in counts.items()
    }
    scores = [
        Column.of(
            task, [result(name, draws[name][n], counts[name][1]) for name in counts]
        ).normalized
        for n in range(DRAWS)
    ]
    return pstdev(scores)


def single(choices: int) -> BoardTask:
    return BoardTask(id="t", title="T", harness_task="a", metrics=(METRIC,), choices=choices)


BBH_LIKE = BoardTask(
    id="t",
    title="T",
    harness_task="t",
    metrics=(METRIC,),
    average=Averaging.UNWEIGHTED,
    subtasks=(
        Subtask(harness_task="a", choices=2),
        Subtask(harness_task="b", choices=5),
        Subtask(harness_task="c", choices=3),
    ),
)
GPQA_LIKE = BoardTask(
    id="t",
    title="T",
    harness_task="t",
    metrics=(METRIC,),
    average=Averaging.SIZE_WEIGHTED,
    choices=4,
    subtasks=(Subtask(harness_task="a"), Subtask(harness_task="b")),
)


@pytest.mark.parametrize(
    ("task", "counts"),
    [
        pytest.param(single(2), {"a": (180, 250)}, id="well above chance"),
        pytest.param(single(4), {"a": (70, 250)}, id="one deviation above chance"),
        pytest.param(single(2), {"a": (125, 250)}, id="at chance"),
        pytest.param(single(2), {"a": (118, 250)}, id="one deviation below chance"),
        pytest.param(BBH_LIKE, {"a": (180, 250), "b": (48, 250), "c": (90, 146)}, id="like BBH"),
        pytest.param(GPQA_LIKE, {"a": (80, 198), "b": (150, 546)}, id="like GPQA"),
        pytest.param(GPQA_LIKE, {"a": (48, 198), "b": (141, 546)}, id="like GPQA, near chance"),
    ],
)
def test_a_standard_error_is_what_a_bootstrap_finds(
    task: BoardTask, counts: Mapping[str, tuple[int, int]]
) -> None:
    column = Column.of(task, [result(name, *count) for name, count in counts.items()])

    assert column.stderr == pytest.approx(bootstrapped(task, counts), rel=0.04)


def test_two_metrics_of_the_same_answers_never_get_too_small_an_error() -> None:
    """As in IFEval: a prompt is right when all of its one to three instructions are kept."""
    generator = np.random.default_rng(7)
    prompts = 541
    instructions = generator.integers(1, 4, prompts)
    kept = generator.binomial(instructions, generator.beta(2, 1, prompts))
    chosen = generator.integers(0, prompts, (DRAWS, prompts))
    whole = (kept == instructions)[chosen].mean(axis=1)
    by_instruction = kept[chosen].sum(axis=1) / instructions[chosen].sum(axis=1)
    drawn = float(((whole + by_instruction) / 2).std()) * 100
    share = float((kept == instructions).mean())
    reported = HarnessResult(
        task="ifeval",
        version="1",
        shots=0,
        samples=prompts,
        metrics={"prompt": share, "instruction": float(kept.sum() / instructions.sum())},
        # lm-eval knows the one and not the other.
        stderrs={"prompt": sqrt(share * (1 - share) / (prompts - 1)), "instruction": None},
    )
    task = BoardTask(
        id="t",
        title="T",
        harness_task="ifeval",
        metrics=("prompt", "instruction"),
        lower_bound=0,
    )

    [stderr] = [Column.of(task, [reported]).stderr]

    assert stderr is not None
    assert drawn < stderr < 1.3 * drawn


def test_the_average_of_independent_tasks_is_surer_than_each() -> None:
    generator = np.random.default_rng(7)
    drawn = (generator.normal(50, 3, DRAWS) + generator.normal(30, 4, DRAWS)) / 2

    assert of_mean([3, 4]) == pytest.approx(float(drawn.std()), rel=0.03)
    assert of_mean([3, 4]) == 2.5


def test_far_from_the_clamp_the_error_is_unchanged_and_far_below_it_is_none() -> None:
    assert of_clamped(50, 2) == 2
    assert of_clamped(15.9, 2) == pytest.approx(2, rel=1e-9)
    assert of_clamped(-20, 2) == pytest.approx(0, abs=1e-6)
    assert of_clamped(0, 0) == 0
    assert of_clamped(-25, 0) == 0
    assert of_clamped(-25, 5e-324) == 0


def test_the_clamp_never_makes_a_score_less_sure() -> None:
    assert all(of_clamped(value / 10, 1) <= 1 for value in range(-100, 100))


def test_an_unknown_part_leaves_the_whole_unknown() -> None:
    assert of_mean([1, None]) is None
    assert of_dependent_mean([1, None]) is None
    assert of_mean([]) is None


def test_a_score_that_is_no_share_has_no_bound() -> None:
    assert of_share(0.5, 101) == 0.05
    assert of_share(1.5, 100) is None
    assert of_share(0.5, 1) is None
