"""The rows that the Open LLM Leaderboard published in February 2025, as entries of open-llm-v2.
They are not part of the repository: what needs them skips where they are not there."""

import csv
import gzip
import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from contracts.board import Board
from contracts.models import ListedModel, ModelType, Precision, WeightType
from contracts.submission import submission_id
from contracts.views import Entry, Flag, Origin, TaskScore
from runtime.boards import examine_board
from runtime.settings import REPOSITORY

_ROWS = (
    Path(os.environ.get("PODIUM_SHARED", REPOSITORY.parent / "shared"))
    / "published"
    / "contents-2025-02-12.csv.gz"
)
_TASKS = {
    "ifeval": "IFEval",
    "bbh": "BBH",
    "math": "MATH Lvl 5",
    "gpqa": "GPQA",
    "musr": "MUSR",
    "mmlu-pro": "MMLU-PRO",
}
_TYPES = {
    "🔶": ModelType.FINE_TUNED,
    "🤝": ModelType.MERGE,
    "💬": ModelType.CHAT,
    "🟢": ModelType.PRETRAINED,
    "🟩": ModelType.CONTINUOUSLY_PRETRAINED,
    "🌸": ModelType.MULTIMODAL,
}


def has_published_rows() -> bool:
    return _ROWS.exists()


needs_published_rows = pytest.mark.skipif(
    not has_published_rows(), reason="the published rows are not on this machine"
)


@cache
def the_board() -> Board:
    board = examine_board(REPOSITORY / "boards" / "open-llm-v2.yaml").board
    assert board
    return board


@cache
def published_entries() -> tuple[Entry, ...]:
    with gzip.open(_ROWS, "rt", encoding="utf-8") as file:
        return tuple(_entry(row) for row in csv.DictReader(file))


def _entry(row: dict[str, str]) -> Entry:
    commit = row["Model sha"] if len(row["Model sha"]) == 40 else ""
    model = ListedModel(
        repo_id=row["fullname"],
        commit=commit,
        precision=Precision(row["Precision"]),
        weight_type=WeightType(row["Weight type"].lower()),
        chat_template=row["Chat Template"] == "True",
    )
    billions = float(row["#Params (B)"])
    return Entry(
        board="open-llm-v2",
        sid=submission_id(model, "open-llm-v2"),
        repo_id=row["fullname"],
        model=model,
        model_type=_TYPES.get(row["T"], ModelType.OTHER),
        architecture=row["Architecture"].replace("?", ""),
        license=row["Hub License"],
        # What was rounded to 0.000 billions has some.
        parameters=max(round(billions * 1e9), 1) if billions >= 0 else 0,
        scores={task: _score(row, title) for task, title in _TASKS.items()},
        average=float(row["Average ⬆️"]),
        provisional=False,
        outstanding=(),
        run=1,
        seconds=0,
        updated_at=datetime(2025, 2, 12, tzinfo=UTC),
        board_version=1,
        flag=Flag(reason="flagged", link=None, at=datetime(2025, 2, 12, tzinfo=UTC))
        if row["Flagged"] == "True"
        else None,
        base_models=(row["Base Model"],),
        generation=int(row["Generation"]),
        is_merge=row["Merged"] == "True",
        is_mixture_of_experts=row["MoE"] == "True",
        origin=Origin.IMPORTED,
        source="open-llm-leaderboard/contents",
        is_official=row["Official Providers"] == "True",
        is_available=row["Available on the hub"] == "True",
        likes=int(row["Hub ❤️"]),
        submitted_at=_day(row["Submission Date"]),
        uploaded_at=_day(row["Upload To Hub Date"]),
        co2_kg=float(row["CO₂ cost (kg)"]),
    )


def _score(row: dict[str, str], title: str) -> TaskScore:
    return TaskScore(
        raw=float(row[f"{title} Raw"]),
        normalized=float(row[title]),
        subtasks=(),
        seconds=0,
        engine="",
        versions={},
        details=None,
    )


def _day(text: str) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
