"""Our normalisation against rows that the Open LLM Leaderboard has published."""

import csv
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from contracts.board import Averaging, BoardTask, Subtask
from contracts.evaluation import EvaluationTaskScored, HarnessResult
from runtime.settings import REPOSITORY
from services.aggregator.normalization import normalized, score_task

PUBLISHED = Path(os.environ.get("PODIUM_SHARED", REPOSITORY.parent / "shared")) / "published"
BBH_CHOICES = {
    "boolean_expressions": 2,
    "causal_judgement": 2,
    "date_understanding": 6,
    "disambiguation_qa": 3,
    "formal_fallacies": 2,
    "geometric_shapes": 11,
    "hyperbaton": 2,
    "logical_deduction_five_objects": 5,
    "logical_deduction_seven_objects": 7,
    "logical_deduction_three_objects": 3,
    "movie_recommendation": 6,
    "navigate": 2,
    "object_counting": 19,
    "penguins_in_a_table": 5,
    "reasoning_about_colored_objects": 18,
    "ruin_names": 6,
    "salient_translation_error_detection": 6,
    "snarks": 2,
    "sports_understanding": 2,
    "temporal_sequences": 4,
    "tracking_shuffled_objects_five_objects": 5,
    "tracking_shuffled_objects_seven_objects": 7,
    "tracking_shuffled_objects_three_objects": 3,
    "web_of_lies": 2,
}
MUSR_CHOICES = {"murder_mysteries": 2, "object_placements": 5, "team_allocation": 3}
GPQA = ("diamond", "extended", "main")
MATH = (
    "algebra",
    "counting_and_prob",
    "geometry",
    "intermediate_algebra",
    "num_theory",
    "prealgebra",
    "precalculus",
)


def column(harness_task: str, *metrics: str, **definition: Any) -> BoardTask:
    return BoardTask(
        id="t",
        title="T",
        harness_task=harness_task,
        metrics=tuple(f"{metric},none" for metric in metrics),
        **definition,
    )


COLUMNS = {
    "IFEval": column(
        "leaderboard_ifeval", "prompt_level_strict_acc", "inst_level_strict_acc", lower_bound=0
    ),
    "BBH": column(
        "leaderboard_bbh",
        "acc_norm",
        subtasks=tuple(
            Subtask(harness_task=f"leaderboard_bbh_{name}", choices=choices)
            for name, choices in BBH_CHOICES.items()
        ),
    ),
    "MATH Lvl 5": column(
        "leaderboard_math_hard",
        "exact_match",
        lower_bound=0,
        average=Averaging.SIZE_WEIGHTED,
        subtasks=tuple(Subtask(harness_task=f"leaderboard_math_{name}_hard") for name in MATH),
    ),
    "GPQA": column(
        "leaderboard_gpqa",
        "acc_norm",
        choices=4,
        average=Averaging.SIZE_WEIGHTED,
        subtasks=tuple(Subtask(harness_task=f"leaderboard_gpqa_{name}") for name in GPQA),
    ),
    "MUSR": column(
        "leaderboard_musr",
        "acc_norm",
        subtasks=tuple(
            Subtask(harness_task=f"leaderboard_musr_{name}", choices=choices)
            for name, choices in MUSR_CHOICES.items()
        ),
    ),
    "MMLU-PRO": column("leaderboard_mmlu_pro", "acc", choices=10),
}


def published(name: str) -> Path:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{path} is absent; the published data is not part of this repository")
    return path


@pytest.mark.parametrize("title", COLUMNS)
def test_a_published_column_follows_from_its_published_subtasks(title: str) -> None:
    published_model = json.loads(published("results-EleutherAI-pythia-160m.json").read_text())
    sizes = json.loads(published("n_samples_per_subtask.json").read_text())
    scored = EvaluationTaskScored(
        sid="0" * 20,
        run=1,
        attempt=1,
        board="b",
        task="t",
        results=tuple(
            HarnessResult(
                task=name,
                version="",
                shots=0,
                samples=sizes[name],
                metrics={key: value for key, value in result.items() if key != "alias"},
                stderrs={},
            )
            for name, result in published_model["results"].items()
            if name in sizes
        ),
        seconds=1,
        engine="hf",
        versions={},
    )

    score = score_task(COLUMNS[title], scored)

    row = published_model["contents_row"]
    assert score.raw == pytest.approx(float(row[f"{title} Raw"]), abs=1e-9)
    assert score.normalized == pytest.approx(float(row[title]), abs=1e-9)


@pytest.mark.parametrize("title", ["IFEval", "MATH Lvl 5", "GPQA", "MMLU-PRO"])
def test_every_published_row_is_normalized_by_our_formula(title: str) -> None:
    with gzip.open(published("contents-2025-02-12.csv.gz"), "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    differences = [
        abs(normalized(float(row[f"{title} Raw"]), COLUMNS[title].floor) - float(row[title]))
        for row in rows
    ]

    assert len(rows) == 3827
    assert max(differences) < 1e-9
