from math import fsum

import pytest

from contracts.board import Averaging, Board, BoardTask, Subtask
from contracts.evaluation import (
    DataSet,
    Engine,
    EvaluationTaskScored,
    HarnessResult,
    Provenance,
    Tokens,
)
from services.aggregator.normalization import (
    IncomputableScoreError,
    mean_of_tasks,
    normalized,
    score_task,
    scoring_version,
)
from tests.unit.aggregator.story import BOARD

GPQA = BoardTask(
    id="gpqa",
    title="GPQA",
    harness_task="leaderboard_gpqa",
    metrics=("acc_norm,none",),
    average=Averaging.SIZE_WEIGHTED,
    choices=4,
    subtasks=(Subtask(harness_task="diamond"), Subtask(harness_task="main")),
)
MUSR = BoardTask(
    id="musr",
    title="MuSR",
    harness_task="leaderboard_musr",
    metrics=("acc_norm,none",),
    subtasks=(
        Subtask(harness_task="murder_mysteries", lower_bound=0.5),
        Subtask(harness_task="object_placements", lower_bound=0.2),
        Subtask(harness_task="team_allocation", lower_bound=0.333),
    ),
)
IFEVAL = BoardTask(
    id="ifeval",
    title="IFEval",
    harness_task="ifeval",
    metrics=("prompt_level_strict_acc,none", "inst_level_strict_acc,none"),
    lower_bound=0,
)


def result(task: str, samples: int = 10, **metrics: float) -> HarnessResult:
    named = {f"{name},none": value for name, value in metrics.items()}
    return HarnessResult(
        task=task,
        version="1",
        shots=0,
        samples=samples,
        metrics=named,
        stderrs=dict.fromkeys(named, 0.01),
    )


def event(task: BoardTask, *results: HarnessResult) -> EvaluationTaskScored:
    return EvaluationTaskScored(
        sid="0" * 20,
        run=1,
        attempt=1,
        board="b",
        task=task.id,
        results=results,
        seconds=1,
        engine="hf",
        versions={},
    )


def test_chance_is_0_and_perfection_100() -> None:
    assert normalized(0.25, 0.25) == 0
    assert normalized(0.1, 0.25) == 0
    assert normalized(1.0, 0.25) == 100
    assert normalized(0.7, 0.0) == 70


def test_gpqa_at_0_6_is_46_67() -> None:
    """The worked example of the Open LLM Leaderboard's documentation."""
    score = score_task(
        GPQA, event(GPQA, result("diamond", acc_norm=0.6), result("main", acc_norm=0.6))
    )

    assert round(score.normalized, 2) == 46.67


def test_musr_is_normalized_by_subtask_before_it_is_averaged() -> None:
    """The documentation's second example: 0.7, 0.4 and 0.6 give 40, 25 and 40, so 35."""
    raws = {"murder_mysteries": 0.7, "object_placements": 0.4, "team_allocation": 0.6}

    score = score_task(
        MUSR, event(MUSR, *(result(name, acc_norm=raw) for name, raw in raws.items()))
    )

    assert [round(part.normalized, 1) for part in score.subtasks] == [40, 25, 40]
    assert score.normalized == pytest.approx(35, abs=0.02)
    assert score.raw == pytest.approx(1.7 / 3)


def test_the_mean_of_the_tasks_is_added_from_left_to_right() -> None:
    """As the published averages are: to the last bit, and so neither `fsum` nor, from Python 3.12
    on, `sum` will do."""
    scores = [0.1] * 10

    assert mean_of_tasks(scores) == 0.9999999999999999 / 10
    assert mean_of_tasks(scores) != fsum(scores) / 10


def test_the_scoring_version_follows_what_moves_a_score() -> None:
    version = scoring_version(BOARD)
    limited = BOARD.model_copy(update={"limit": 10})
    retitled = BOARD.tasks[0].model_copy(update={"title": "Facts and figures"})
    easier = BOARD.tasks[0].model_copy(update={"choices": 2})

    assert scoring_version(limited) != version
    assert scoring_version(_with_first_task(easier)) != version
    assert scoring_version(_with_first_task(retitled)) == version


def _with_first_task(task: BoardTask) -> Board:
    return BOARD.model_copy(update={"tasks": (task, *BOARD.tasks[1:])})


def test_a_subtask_below_chance_counts_as_0_and_not_less() -> None:
    raws = {"murder_mysteries": 0.0, "object_placements": 1.0, "team_allocation": 1.0}

    score = score_task(
        MUSR, event(MUSR, *(result(name, acc_norm=raw) for name, raw in raws.items()))
    )

    assert score.normalized == pytest.approx(200 / 3)


def test_a_size_weighted_task_is_the_score_over_all_its_samples() -> None:
    results = (
        result("diamond", samples=30, acc_norm=1.0),
        result("main", samples=10, acc_norm=0.0),
    )

    assert score_task(GPQA, event(GPQA, *results)).raw == 0.75


def test_several_metrics_are_averaged() -> None:
    results = result("ifeval", prompt_level_strict_acc=0.2, inst_level_strict_acc=0.4)

    score = score_task(IFEVAL, event(IFEVAL, results))

    assert score.normalized == pytest.approx(30)


def test_one_metric_keeps_its_standard_error() -> None:
    results = (result("diamond", acc_norm=0.6), result("main", acc_norm=0.6))

    assert {part.stderr for part in score_task(GPQA, event(GPQA, *results)).subtasks} == {0.01}


def test_results_are_matched_by_name_and_not_by_place() -> None:
    results = (
        result("unasked", acc_norm=0.9),
        result("main", acc_norm=0.0),
        result("diamond", acc_norm=1.0),
    )

    score = score_task(GPQA, event(GPQA, *results))

    assert [(part.harness_task, part.raw) for part in score.subtasks] == [
        ("diamond", 1),
        ("main", 0),
    ]


def test_a_missing_subtask_is_named() -> None:
    with pytest.raises(
        IncomputableScoreError, match="'gpqa' needs 'main'; its results are diamond"
    ):
        score_task(GPQA, event(GPQA, result("diamond", acc_norm=0.6)))


def test_a_missing_metric_is_named() -> None:
    with pytest.raises(
        IncomputableScoreError, match="'main' has no metric 'acc_norm,none'; it has acc"
    ):
        score_task(GPQA, event(GPQA, result("diamond", acc_norm=0.6), result("main", acc=0.6)))


def test_weighting_by_size_needs_samples() -> None:
    results = (result("diamond", samples=0, acc_norm=0), result("main", samples=0, acc_norm=0))

    with pytest.raises(IncomputableScoreError, match="no samples"):
        score_task(GPQA, event(GPQA, *results))


@pytest.mark.parametrize(("limit", "of_the_board"), [(20, None), (None, 20), (20, 5)])
def test_scores_of_another_limit_than_the_boards_do_not_count(
    limit: int | None, of_the_board: int | None
) -> None:
    provenance = Provenance(
        engine=Engine(name="hf"),
        dtype="float32",
        device="cpu",
        seed=0,
        limit=limit,
        tokens=Tokens(forwarded=1, stock=1),
        phases={},
    )
    results = [result("diamond", acc_norm=0.6), result("main", acc_norm=0.6)]
    scored = event(GPQA, *results).model_copy(update={"provenance": provenance})

    with pytest.raises(IncomputableScoreError, match=f"limit of {limit} documents"):
        score_task(GPQA, scored, of_the_board)

    assert score_task(GPQA, scored, limit).raw == 0.6


def test_a_cell_carries_how_its_score_came_about() -> None:
    origin = Provenance(
        engine=Engine(name="tree"),
        dtype="bfloat16",
        device="cpu",
        seed=1234,
        tokens=Tokens(forwarded=10, stock=80),
        phases={"score": 1.0},
    )
    asked = {
        "prompt_hash": "5e" * 32,
        "data": DataSet(repo_id="acme/gpqa", config="main", revision="d" * 40),
    }
    results = [result(name, acc_norm=0.5).model_copy(update=asked) for name in ("diamond", "main")]
    scored = event(GPQA, *results).model_copy(update={"provenance": origin})

    cell = score_task(GPQA, scored)

    assert cell.provenance == origin
    assert {(part.prompt_hash, part.data_set, part.data_revision) for part in cell.subtasks} == {
        ("5e" * 32, "acme/gpqa", "d" * 40)
    }
