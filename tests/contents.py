"""A table as the Open LLM Leaderboard published it, for the board of the aggregator's stories."""

import csv
import gzip
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from runtime.settings import REPOSITORY

PUBLISHED = Path(os.environ.get("PODIUM_SHARED", REPOSITORY.parent / "shared")) / "published"

ROW: Mapping[str, object] = {
    "": 0,
    "eval_name": "acme_tiny_bfloat16",
    "Precision": "bfloat16",
    "Type": "🔶 fine-tuned on domain-specific datasets",
    "T": "🔶",
    "Weight type": "Original",
    "Architecture": "LlamaForCausalLM",
    "Model": '<a href="https://huggingface.co/acme/tiny">acme/tiny</a>',
    "fullname": "acme/tiny",
    "Model sha": "a" * 40,
    "Average ⬆️": 45.0,
    "Hub License": "mit",
    "Hub ❤️": 7,
    "#Params (B)": 7.242,
    "Available on the hub": True,
    "MoE": False,
    "Flagged": False,
    "Chat Template": True,
    "CO₂ cost (kg)": 0.5,
    "FACTS Raw": 0.55,
    "FACTS": 40.0,
    "Logic Raw": 0.68,
    "Logic": 50.0,
    "Merged": False,
    "Official Providers": False,
    "Upload To Hub Date": "2024-04-13",
    "Submission Date": "2024-08-05",
    "Generation": 1,
    "Base Model": "acme/base",
}


def row(**changes: object) -> dict[str, object]:
    """By column name, with `_` for a space."""
    return dict(ROW) | {name.replace("_", " "): value for name, value in changes.items()}


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def published(name: str) -> Path:
    """Skips the test where the published data is absent."""
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{path} is absent; the published data is not part of this repository")
    return path
