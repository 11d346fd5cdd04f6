"""`podium boards` on files that people write: what is wrong with them, all of it, in words."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tiny import Kind, board_task, make_tiny_group, make_tiny_task, write_board


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    for name in ("colours", "shades", "hues"):
        make_tiny_task(folder, name)
    make_tiny_group(folder, "tones", ("shades", "hues"))
    make_tiny_task(folder, "naming", kind=Kind.GENERATION)
    make_tiny_task(folder, "reading", kind=Kind.PERPLEXITY)
    for name, change in {
        "unprompted": {"num_fewshot": 0},
        "coding": {"unsafe_code": True},
        "lost": {"dataset_kwargs": {"data_files": {"test": str(folder / "nowhere.jsonl")}}},
    }.items():
        make_tiny_task(folder, name)
        definition = folder / f"{name}.yaml"
        definition.write_text(yaml.safe_dump(yaml.safe_load(definition.read_text()) | change))
    return folder


def podium_boards(tasks: Path, *arguments: object) -> tuple[int, str]:
    """Exit status of `podium boards …`, and everything it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", "boards", *map(str, arguments)],
        env=os.environ
        | {
            "COLUMNS": "300",
            "HF_HOME": str(tasks / "hf-home"),
            "EVALUATOR_TASK_FOLDERS": json.dumps([str(tasks)]),
            "EVALUATOR_HARNESS_TASKS": "false",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def check(tasks: Path, folder: Path, columns: list[dict[str, Any]]) -> tuple[int, list[str]]:
    write_board(folder, "mine", columns)
    status, output = podium_boards(tasks, "check", folder / "mine.yaml")
    return status, [line.rstrip() for line in output.splitlines()]


def test_a_board_that_fits_its_tasks_is_summarised(tasks: Path, tmp_path: Path) -> None:
    status, lines = check(
        tasks,
        tmp_path,
        [
            board_task("colours", "colours") | {"shots": 5},
            board_task("tones", "tones", members=("shades", "hues")),
            board_task("naming", "naming", metric="exact_match,none")
            | {"choices": None, "lower_bound": 0},
        ],
    )

    assert [line.split() for line in lines[:-1]] == [
        ["task", "lm-eval", "task", "members", "documents", "answers", "shots"],
        ["colours", "colours", "1", "12", "choice", "of", "4", "5"],
        ["tones", "tones", "2", "24", "choice", "of", "4", "2"],
        ["naming", "naming", "1", "12", "free", "text", "2"],
    ]
    assert lines[-1].endswith("mine.yaml is fine.")
    assert status == 0


def test_everything_that_is_wrong_is_said_at_once(tasks: Path, tmp_path: Path) -> None:
    free_text = {"choices": None, "lower_bound": 0}
    status, lines = check(
        tasks,
        tmp_path,
        [
            {"id": "typo", "title": "T", "harness_task": "colours", "metric": ["acc,none"]},
            board_task("unknown", "colors"),
            board_task("lost", "lost"),
            board_task("group", "tones"),
            board_task("stranger", "tones", members=("shades", "hue")),
            board_task("twice", "tones", members=("shades", "hues", "hues")),
            board_task("metric", "tones", members=("shades", "hues"), metric="f1,none"),
            board_task("chance", "colours") | {"choices": 5},
            board_task("text", "naming", metric="exact_match,none"),
            board_task("reading", "reading", metric="word_perplexity,none") | free_text,
            board_task("shots", "unprompted") | {"shots": 5},
            board_task("examples", "colours") | {"shots": 13},
            board_task("coding", "coding"),
        ],
    )

    lost = next(line for line in lines if line.startswith("tasks.lost"))
    assert lost.startswith("tasks.lost.harness_task: lost does not load: FileNotFoundError: ")
    assert sorted(line for line in lines[:-1] if line != lost) == sorted(
        [
            "tasks.stranger.subtasks: 1 of 2 members of tones do not count: hues",
            "tasks.typo.metrics: Field required",
            "tasks.typo.metric: there is no such field; is `metrics` meant?",
            "tasks.unknown.harness_task: lm-eval knows no task or group 'colors';"
            " is 'colours' meant?",
            "tasks.group.subtasks: tones is a group; list which of its 2 tasks count: shades, hues",
            "tasks.stranger.subtasks.hue: tones has no member 'hue'; is 'hues' meant?",
            "tasks.twice.subtasks: hues is listed more than once",
            "tasks.metric.metrics: shades, hues:"
            " it does not report 'f1,none' but acc,none, acc_norm,none",
            "tasks.chance.choices: colours: its questions have 4 answers, not 5",
            "tasks.text.choices: naming: its answers are not chosen;"
            " give a `lower_bound` instead, 0 for free text",
            "tasks.reading.metrics: reading: 'word_perplexity,none' is better the lower it is,"
            " and a board ranks the highest first",
            "tasks.shots.shots: unprompted: it is defined with 0 shots, which lm-eval keeps;"
            " leave `shots` out",
            "tasks.examples.shots: colours: it has 12 documents to take examples from",
            "tasks.coding.harness_task: coding: it executes what the model writes,"
            " which Podium does not do",
        ]
    )
    assert lines[-1].endswith("mine.yaml has 14 problems.")
    assert status == 1


def test_a_check_that_breaks_off_says_so(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUATOR_TIERS", "not JSON")

    status, lines = check(tasks, tmp_path, [board_task("colours", "colours")])

    assert lines[0].startswith("Error: The check broke off with status 1: ")
    assert status == 1


def test_the_list_names_each_board_and_each_file_that_is_none(tasks: Path, tmp_path: Path) -> None:
    write_board(tmp_path, "mine", [board_task("colours", "colours")])
    (tmp_path / "yours.yaml").write_text("tasks: [")

    status, output = podium_boards(tasks, "--folder", tmp_path)

    assert [line.split()[:3] for line in output.splitlines()] == [
        ["board", "title", "tasks"],
        ["mine", "Board", "mine"],
        ["yours", "not", "valid"],
    ]
    assert status == 0
