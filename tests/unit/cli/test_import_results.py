import json
from pathlib import Path
from typing import Any

import pytest

from cli.importing.results import Results, read_results
from contracts.models import Precision, WeightType
from contracts.submission import submission_id
from tests.unit.aggregator.story import BOARD, model

ARGUMENTS = "pretrained=acme/tiny,revision=main,dtype=bfloat16,trust_remote_code=False"


def report(**changes: Any) -> dict[str, Any]:
    """As lm-eval writes it, without what is not read."""
    logic = {"acc_norm,none": 0.6, "acc_norm_stderr,none": 0.1, "alias": " - logic"}
    return {
        "results": {
            "facts": {"alias": "facts", "acc,none": 0.55, "acc_stderr,none": 0.05},
            "logic": {"acc_norm,none": 0.61, "acc_norm_stderr,none": "N/A", "alias": "logic"},
            "logic_two": logic,
            "logic_five": logic,
        },
        "n-samples": {
            "facts": {"original": 100, "effective": 100},
            "logic_two": {"original": 50, "effective": 50},
            "logic_five": {"original": 70, "effective": 70},
        },
        "n-shot": {"facts": 5, "logic_two": 3, "logic_five": 3},
        "versions": {"facts": 1.0},
        "task_hashes": {"facts": "5e" * 32},
        "config": {
            "model": "hf",
            "model_args": ARGUMENTS,
            "model_num_parameters": 1000,
            "model_dtype": "torch.bfloat16",
            "model_revision": "main",
            "model_sha": "a" * 40,
            "limit": None,
        },
        "pretty_env_info": "Libraries:\n[pip3] numpy==1.26.4\n[pip3] torch==2.3.0\n",
        "transformers_version": "4.41.2",
        "chat_template": None,
        "total_evaluation_time_seconds": "12.5",
        "model_name": "acme/tiny",
    } | changes


def configured(**changes: Any) -> dict[str, Any]:
    return report(config=report()["config"] | changes)


def read(folder: Path, *, model_args: str = "", **reports: dict[str, Any]) -> Results:
    for name, content in reports.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return read_results(folder.glob("*.json"), BOARD, "results", model_args=model_args)


def test_a_result_file_becomes_an_event_with_its_subtasks(tmp_path: Path) -> None:
    [event] = read(tmp_path, results=report()).events

    facts, logic = event.tasks
    assert facts.results[0].metrics == {"acc,none": 0.55}
    assert facts.results[0].stderrs == {"acc,none": 0.05}
    assert (facts.results[0].samples, facts.results[0].shots) == (100, 5)
    assert (facts.results[0].version, facts.results[0].prompt_hash) == ("1.0", "5e" * 32)
    assert [result.task for result in logic.results] == ["logic_two", "logic_five"]
    assert (facts.whole, logic.whole) == (None, 0.61)
    assert (event.parameters, event.seconds) == (1000, 12.5)
    assert event.versions == {"transformers": "4.41.2", "torch": "2.3.0", "numpy": "1.26.4"}


def test_results_meet_a_submission_of_the_same_weights(tmp_path: Path) -> None:
    [event] = read(tmp_path, results=report()).events

    assert event.model.model_dump() == model().model_dump()
    assert event.sid == submission_id(model(), BOARD.name)


def test_the_arguments_may_be_an_object_as_in_later_harnesses(tmp_path: Path) -> None:
    arguments = {"pretrained": "acme/tiny", "revision": "a" * 40, "dtype": "float16"}

    [event] = read(
        tmp_path, results=configured(model_args=arguments, model_sha="", model_dtype=None)
    ).events

    assert event.model.commit == "a" * 40
    assert event.model.precision is Precision.FLOAT16


@pytest.mark.parametrize(
    ("arguments", "precision"),
    [
        (f"{ARGUMENTS},load_in_4bit=True", Precision.INT4),
        (f"{ARGUMENTS},load_in_8bit=True", Precision.INT8),
        (f"{ARGUMENTS},load_in_8bit=False", Precision.BFLOAT16),
        (f"{ARGUMENTS},autogptq=True", Precision.GPTQ),
    ],
)
def test_quantised_weights_are_known_by_how_they_were_loaded(
    tmp_path: Path, arguments: str, precision: Precision
) -> None:
    [event] = read(tmp_path, results=configured(model_args=arguments)).events

    assert event.model.precision is precision


def test_an_adapter_was_loaded_on_its_base_model(tmp_path: Path) -> None:
    arguments = "pretrained=acme/base,peft=acme/adapter,dtype=bfloat16"

    [event] = read(tmp_path, results=configured(model_args=arguments)).events

    assert (event.model.repo_id, event.model.base_model) == ("acme/adapter", "acme/base")
    assert event.model.weight_type is WeightType.ADAPTER


def test_prompts_in_a_chat_template_are_another_submission(tmp_path: Path) -> None:
    [event] = read(tmp_path, results=report(chat_template="{{ messages }}")).events

    assert event.model.chat_template
    assert event.sid != submission_id(model(), BOARD.name)


def test_of_several_files_the_latest_counts_for_each_task(tmp_path: Path) -> None:
    later = report()
    del later["results"]["logic_two"], later["results"]["logic_five"]
    later["results"]["facts"]["acc,none"] = 0.9

    reports = {"results_2024-06-16T22": report(), "results_2024-07-01T09": later}
    [event] = read(tmp_path, model_args="", **reports).events

    tasks = {task.task: task for task in event.tasks}
    assert list(tasks) == ["facts", "logic"]
    assert tasks["facts"].results[0].metrics == {"acc,none": 0.9}


def test_a_task_that_lacks_a_member_is_told_and_left_out(tmp_path: Path) -> None:
    halved = report()
    del halved["results"]["logic_five"]

    found = read(tmp_path, results=halved)

    assert [task.task for task in found.events[0].tasks] == ["facts"]
    assert [str(problem) for problem in found.problems] == [
        "results.json, 'results.logic_five': is missing for logic"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (configured(limit=10), "results.json: was scored with a limit of 10 documents"),
        (configured(model_args="dtype=float16"), "results.json: 'config.model_args' names no"),
        (
            configured(model_args="pretrained=/models/tiny"),
            "results.json, 'repo_id': found '/models/tiny': String should match pattern",
        ),
        (configured(model_dtype="int3"), "results.json: is none of the precisions"),
        (report(results={"piqa": {"acc,none": 1}}), "results.json, 'results': has no task of demo"),
        (configured(model_dtype=None, model_args="pretrained=acme/tiny"), "results.json: neither"),
        ({"config": {}}, "results.json, 'results': is missing"),
        (
            report(results={"facts": {"acc,none": float("nan")}}),
            "results.json, 'metrics.acc,none': found nan: Input should be a finite number",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told(
    tmp_path: Path, content: dict[str, Any], message: str
) -> None:
    found = read(tmp_path, results=content)

    assert found.events == ()
    assert str(found.problems[0]).startswith(message)


def test_what_a_file_does_not_say_can_be_said(tmp_path: Path) -> None:
    arguments = f"pretrained=acme/tiny,revision={'a' * 40},dtype=float16"

    events = read(tmp_path, model_args=arguments, silent=report(config={}), telling=report()).events

    assert {(event.model.repo_id, event.model.commit) for event in events} == {
        ("acme/tiny", "a" * 40)
    }
    assert {event.model.precision for event in events} == {Precision.FLOAT16, Precision.BFLOAT16}


def test_what_is_said_of_a_file_must_be_of_its_model(tmp_path: Path) -> None:
    arguments = f"pretrained=acme/other,revision={'a' * 40},dtype=float16"

    found = read(tmp_path, model_args=arguments, results=report(config={}))

    assert found.events == ()
    assert [str(problem) for problem in found.problems] == [
        "results.json: is of acme/tiny, and --model-args of acme/other"
    ]


def test_a_file_that_is_no_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("<html>")

    [problem] = read(tmp_path).problems

    assert str(problem).startswith("results.json: ")
