"""The published command, read by lm-eval's own parser."""

import shlex
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

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
    cache: Path, precision: Precision = Precision.BFLOAT16, commit: str = COMMIT
) -> Assignment:
    (cache / commit).mkdir()
    (cache / commit / "config.json").write_text("{}")
    return Assignment(
        model=ModelRef(repo_id="acme/tiny", commit=commit, precision=precision),
        snapshot=Snapshot(cache / commit, None, WeightType.ORIGINAL, precision),
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


def a_change(cache: Path, weight_type: WeightType) -> Assignment:
    """To the model `acme/base`."""
    (cache / BASE_COMMIT).mkdir()
    (cache / BASE_COMMIT / "config.json").write_text("{}")
    assignment = an_assignment(cache)
    model = assignment.model.model_copy(
        update={"weight_type": weight_type, "base_model": "acme/base"}
    )
    snapshot = replace(
        assignment.snapshot, base_folder=cache / BASE_COMMIT, weight_type=weight_type
    )
    return replace(assignment, model=model, snapshot=snapshot)


def parsed(command: str) -> Namespace:
    program, *arguments = shlex.split(command)
    assert program == "lm_eval"
    namespace: Namespace = HarnessCLI()._parser.parse_args(arguments)
    return namespace


def test_the_command_says_all_that_decides_a_score(tmp_path: Path) -> None:
    command = reproduction(BBH, replace(an_assignment(tmp_path), limit=20, chat_template=True))

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


def test_what_the_board_leaves_open_is_left_to_the_task(tmp_path: Path) -> None:
    board_task = BBH.model_copy(update={"shots": None})

    read = parsed(reproduction(board_task, an_assignment(tmp_path)))

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
    tmp_path: Path, precision: Precision, arguments: dict[str, object]
) -> None:
    assignment = an_assignment(tmp_path, precision)
    if precision is Precision.GPTQ:
        quantized = '{"quantization_config": {"quant_method": "gptq"}}'
        (assignment.snapshot.folder / "config.json").write_text(quantized)

    read = parsed(reproduction(BBH, assignment))

    assert arguments.items() <= read.model_args.items()


def test_weights_that_are_stored_quantized_are_taken_as_they_are(tmp_path: Path) -> None:
    assignment = an_assignment(tmp_path, Precision.INT8)
    quantized = '{"quantization_config": {"load_in_8bit": true}}'
    (assignment.snapshot.folder / "config.json").write_text(quantized)

    read = parsed(reproduction(BBH, assignment))

    assert read.model_args["dtype"] == "auto"
    assert "load_in_8bit" not in read.model_args


@pytest.mark.parametrize(
    ("weight_type", "argument"), [(WeightType.ADAPTER, "peft"), (WeightType.DELTA, "delta")]
)
def test_a_change_and_its_base_are_fetched_at_their_commits(
    tmp_path: Path, weight_type: WeightType, argument: str
) -> None:
    *downloads, run = reproduction(BBH, a_change(tmp_path, weight_type)).splitlines()

    base, change = (shlex.split(download) for download in downloads)
    assert base[:5] == ["hf", "download", "acme/base", "--revision", BASE_COMMIT]
    assert change[:5] == ["hf", "download", "acme/tiny", "--revision", COMMIT]
    model_arguments = parsed(run).model_args
    assert not model_arguments.keys() & {"revision", "tokenizer"}
    assert (model_arguments["pretrained"], model_arguments[argument]) == (base[-1], change[-1])
    assert base[-1] != change[-1]


def test_a_change_that_brings_its_tokenizer_is_read_with_it(tmp_path: Path) -> None:
    assignment = a_change(tmp_path, WeightType.ADAPTER)
    (assignment.snapshot.folder / "tokenizer.json").write_text("{}")

    arguments = parsed(reproduction(BBH, assignment).splitlines()[-1]).model_args

    assert arguments["tokenizer"] == arguments["peft"]


@pytest.mark.parametrize("commit", ["0" * 39 + "7", "1" * 20 + "e" + "2" * 19])
def test_a_commit_that_looks_like_a_number_stays_text(tmp_path: Path, commit: str) -> None:
    read = parsed(reproduction(BBH, an_assignment(tmp_path, commit=commit)))

    assert read.model_args["revision"] == commit


def test_tasks_of_the_operator_are_found_without_telling_where_they_lie(tmp_path: Path) -> None:
    command = reproduction(BBH, an_assignment(tmp_path), Path("/srv/secret/tasks"))

    assert parsed(command).include_path == "tasks"
    assert "secret" not in command
