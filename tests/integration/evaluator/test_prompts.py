"""Prompts are built once, and again whenever anything they are made of has changed."""

import json
from pathlib import Path
from typing import Any

import yaml
from lm_eval.tasks import TaskManager

from services.evaluator.prompts import kept_prompts
from tests.tiny import make_tiny_task


def prompts(folder: Path, kept: Path) -> tuple[list[Any], int]:
    """The questions of a task, and how many files of prompts there are behind it."""
    [task] = (
        TaskManager(include_path=str(folder), include_defaults=False)
        .load(["colours"])["tasks"]
        .values()
    )
    task.set_fewshot_seed(seed=1234)
    with kept_prompts([task], kept):
        task.build_all_requests(cache_requests=True)
    return [instance.args for instance in task.instances], len(list(kept.rglob("*.pickle")))


def change_task(folder: Path, **settings: Any) -> None:
    file = folder / "colours.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | settings))


def test_a_second_model_gets_the_prompts_of_the_first(tmp_path: Path) -> None:
    make_tiny_task(tmp_path / "tasks", "colours")

    first, _ = prompts(tmp_path / "tasks", tmp_path / "kept")
    second, files = prompts(tmp_path / "tasks", tmp_path / "kept")

    assert first == second
    assert files == 1


def test_a_changed_definition_makes_new_prompts(tmp_path: Path) -> None:
    make_tiny_task(tmp_path / "tasks", "colours")
    before, _ = prompts(tmp_path / "tasks", tmp_path / "kept")

    change_task(tmp_path / "tasks", description="Think of things.\n")
    after, files = prompts(tmp_path / "tasks", tmp_path / "kept")

    assert files == 2
    assert after != before


def test_changed_data_make_new_prompts(tmp_path: Path) -> None:
    make_tiny_task(tmp_path / "tasks", "colours")
    before, _ = prompts(tmp_path / "tasks", tmp_path / "kept")

    data = tmp_path / "tasks" / "colours.jsonl"
    lines = [json.loads(line) for line in data.read_text().splitlines()]
    lines[0]["question"] = "What else?"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    after, files = prompts(tmp_path / "tasks", tmp_path / "kept")

    assert files == 2
    assert after != before
