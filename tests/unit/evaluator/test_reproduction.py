"""The published command, read by lm-eval's own parser."""

import shlex
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lm_eval._cli import HarnessCLI

from contracts.board import BoardTask
from contracts.models import ModelRef, Precision, WeightType
from services.evaluator.protocol import Assignment, HarnessOptions, Snapshot
from services.evaluator.reproduction import reproduction

COMMIT = "8d1f0c5e7a2b49f3b6c4d5e6f708192a3b4c5d6e"
BASE_COMMIT = "0123456789abcdef0123456789abcdef01234567"
BBH = BoardTask(
    id="bbh",
    title="BBH",
    harness_task="leaderboard_bbh",
    shots=3,
    metrics=("acc_norm,none",),
    lower_bound=0,
)


def an_assignment(
    precision: Precision = Precision.BFLOAT16, commit: str = COMMIT, **changes: Any
) -> Assignment:
    return Assignment(
        model=ModelRef(repo_id="acme/tiny", commit=commit, precision=precision),
        snapshot=Snapshot(Path("/cache/x"), None, WeightType.ORIGINAL, precision),
        tasks=(BBH,),
        chat_template=False,
        samples_folder=Path("/samples"),
        options=HarnessOptions(
            task_folders=(),
            harness_tasks=True,
            device="cuda:3",
            threads=None,
            batch_size=8,
            engine="auto",
            compiled_folder=Path("/compiled"),
        ),
    )


def a_change(weight_type: WeightType) -> Assignment:
    assignment = an_assignment()
    model = assignment.model.model_copy(
        update={"weight_type": weight_type, "base_model": "acme/base"}
    )
    snapshot = Snapshot(
        Path("/cache/x"), Path("/cache", BASE_COMMIT), weight_type, Precision.BFLOAT16
    )
    return replace(assignment, model=model, snapshot=snapshot)


def parsed(command: str) -> Namespace:
    program, *arguments = shlex.split(command)
    assert program == "lm_eval"
    namespace: Namespace = HarnessCLI()._parser.parse_args(arguments)
    return namespace


def test_the_command_says_all_that_decides_a_score() -> None:
    command = reproduction(BBH, replace(an_assignment(), limit=20, chat_template=True))

    read = parsed(command)
    assert read.model == "hf"
    assert read.model_args == {
        "pretrained": "acme/tiny",
        "revision": COMMIT,
        "use_safetensors": True,
        "dtype": "bfloat16",
    }
    assert read.tasks == ["leaderboard_bbh"]
    assert (read.num_fewshot, read.batch_size, read.limit) == (3, "8", 20)
    assert read.seed == [0, 1234, 1234, 1234]
    assert (read.apply_chat_template, read.fewshot_as_multiturn) == (True, True)
    assert (read.log_samples, read.output_path) == (True, "results")


def test_what_the_board_leaves_open_is_left_to_the_task() -> None:
    board_task = BBH.model_copy(update={"shots": None})

    read = parsed(reproduction(board_task, an_assignment()))

    assert (read.num_fewshot, read.limit, read.device, read.include_path) == (None,) * 4
    assert not hasattr(read, "apply_chat_template")
    assert not hasattr(read, "trust_remote_code")


@pytest.mark.parametrize(
    ("precision", "arguments"),
    [
        (Precision.FLOAT32, {"dtype": "float32"}),
        (Precision.FLOAT16, {"dtype": "float16"}),
        (Precision.GPTQ, {"dtype": "auto"}),
        (Precision.INT8, {"dtype": "auto", "load_in_8bit": True}),
        (
            Precision.INT4,
            {"dtype": "auto", "load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16"},
        ),
    ],
)
def test_each_precision_is_loaded_as_it_was(
    precision: Precision, arguments: dict[str, object]
) -> None:
    read = parsed(reproduction(BBH, an_assignment(precision)))

    assert arguments.items() <= read.model_args.items()


@pytest.mark.parametrize(
    ("weight_type", "argument"), [(WeightType.ADAPTER, "peft"), (WeightType.DELTA, "delta")]
)
def test_a_change_and_its_base_are_fetched_at_their_commits(
    weight_type: WeightType, argument: str
) -> None:
    *downloads, run = reproduction(BBH, a_change(weight_type)).splitlines()

    base, change = (shlex.split(download) for download in downloads)
    assert base[:5] == ["hf", "download", "acme/base", "--revision", BASE_COMMIT]
    assert change[:5] == ["hf", "download", "acme/tiny", "--revision", COMMIT]
    model_arguments = parsed(run).model_args
    assert "revision" not in model_arguments
    assert (model_arguments["pretrained"], model_arguments[argument]) == (base[-1], change[-1])
    assert base[-1] != change[-1]


@pytest.mark.parametrize("commit", ["0" * 39 + "7", "1" * 20 + "e" + "2" * 19])
def test_a_commit_that_looks_like_a_number_stays_text(commit: str) -> None:
    read = parsed(reproduction(BBH, an_assignment(commit=commit)))

    assert read.model_args["revision"] == commit


def test_tasks_of_the_operator_are_found_without_telling_where_they_lie() -> None:
    command = reproduction(BBH, an_assignment(), Path("/srv/secret/tasks"))

    assert parsed(command).include_path == "tasks"
    assert "secret" not in command
