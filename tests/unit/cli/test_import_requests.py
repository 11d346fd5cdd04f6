import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli.importing.requests import Requests, as_submission, read_requests
from contracts.models import ModelType, WeightType
from tests.contents import published
from tests.unit.aggregator.story import received

REQUEST = {
    "model": "acme/tiny",
    "base_model": "",
    "revision": "a" * 40,
    "precision": "bfloat16",
    "params": 7.242,
    "architectures": "LlamaForCausalLM",
    "weight_type": "Original",
    "status": "FINISHED",
    "submitted_time": "2024-08-05T09:30:00Z",
    "model_type": "🟢 : 🟢 pretrained",
    "job_id": -1,
    "job_start_time": None,
    "use_chat_template": False,
    "sender": "ada",
}


def read(folder: Path, *contents: Any) -> Requests:
    for number, content in enumerate(contents):
        (folder / f"{number}.json").write_text(json.dumps(content))
    return read_requests(sorted(folder.glob("*.json")), "demo", "acme/requests")


def test_a_request_file_becomes_an_event(tmp_path: Path) -> None:
    [event] = read(tmp_path, REQUEST).events

    assert (event.model.repo_id, event.model_type) == ("acme/tiny", ModelType.PRETRAINED)
    assert (event.status, event.submitter) == ("FINISHED", "ada")
    assert event.submitted_at == datetime(2024, 8, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("status", ["PENDING", "RERUN", "RUNNING", "PENDING_NEW_EVAL"])
def test_what_was_not_finished_can_be_submitted_here(tmp_path: Path, status: str) -> None:
    [pending] = read(tmp_path, REQUEST | {"status": status}).pending

    # A name that nobody has proved is no submitter's.
    expected = received().model_copy(update={"submitter": None, "requested_revision": "a" * 40})
    assert as_submission(pending) == expected


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "CANCELLED"])
def test_what_has_ended_is_history(tmp_path: Path, status: str) -> None:
    assert read(tmp_path, REQUEST | {"status": status}).pending == []


def test_a_branch_cannot_be_submitted(tmp_path: Path) -> None:
    [pending] = read(tmp_path, REQUEST | {"status": "PENDING", "revision": "main"}).pending

    with pytest.raises(ValidationError, match="commit"):
        as_submission(pending)


def test_a_list_of_requests_is_read_like_as_many_files(tmp_path: Path) -> None:
    read_list = read(tmp_path, [REQUEST, REQUEST | {"model": "acme/other"}])

    assert [event.model.repo_id for event in read_list.events] == ["acme/tiny", "acme/other"]


def test_of_two_requests_for_one_model_the_newest_counts(tmp_path: Path) -> None:
    newer = REQUEST | {"submitted_time": "2024-09-01T00:00:00Z", "status": "RERUN"}

    [event] = read(tmp_path, newer, REQUEST).events

    assert event.status == "RERUN"


def test_a_base_model_belongs_to_adapters_and_deltas(tmp_path: Path) -> None:
    adapter = REQUEST | {"weight_type": "Adapter", "base_model": "acme/base"}
    whole = REQUEST | {"base_model": "acme/base"}

    first, second = read(tmp_path, adapter, whole).events

    assert (first.model.weight_type, first.model.base_model) == (WeightType.ADAPTER, "acme/base")
    assert second.model.base_model is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (REQUEST | {"precision": "int3"}, "0.json, 'precision': found 'int3': is none of the"),
        ([REQUEST, {}], "0.json, request 2, 'model': is missing"),
        (REQUEST | {"submitted_time": "soon"}, "0.json, 'submitted_time': found 'soon': Invalid"),
        ("PENDING", "0.json: found 'PENDING': Input should be a valid dictionary"),
    ],
)
def test_a_bad_request_is_told(tmp_path: Path, content: Any, message: str) -> None:
    assert str(read(tmp_path, content).problems[0]).startswith(message)


def test_the_originals_fields_are_read() -> None:
    path = published("request-example-v2.json")

    found = read_requests([path], "open-llm-v2", "acme/requests")

    assert found.problems == ()
    assert [event.model.repo_id for event in found.pending] == [
        "MaziyarPanahi/calme-3.2-instruct-78b"
    ]
