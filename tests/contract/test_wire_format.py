"""Version 1 of the wire format is a promise: these messages were written once and must go on
parsing. Never edit a golden file to make a test pass; add a field with a default, or a `v2`."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from contracts.base import Message
from contracts.envelope import Envelope
from contracts.export import SCHEMAS, generated_files
from contracts.registry import EVENT_TYPES, NOT_STORED, VIEW_TYPES, event_class, view_class
from contracts.submission import SubmissionReceived, submission_id

GOLDEN = Path(__file__).parent / "golden" / "v1"
MESSAGES: list[type[Message]] = [*EVENT_TYPES, *VIEW_TYPES, *NOT_STORED]

every_message = pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)


def golden(kind: type[Message]) -> tuple[str, str]:
    """The subject and body that the first release wrote."""
    written = json.loads((GOLDEN / f"{kind.type_name()}.json").read_text())
    return written["subject"], json.dumps(written["body"])


@every_message
def test_a_message_of_the_first_release_reads_and_writes_the_same(kind: type[Message]) -> None:
    subject, body = golden(kind)

    message = kind.model_validate_json(body)

    # Fields that were added since have defaults; all that was there stays under its name.
    assert json.loads(message.model_dump_json(exclude_unset=True)) == json.loads(body)
    assert message.subject() == subject


@every_message
def test_a_field_that_a_newer_writer_added_is_ignored(kind: type[Message]) -> None:
    _, body = golden(kind)
    newer = json.dumps(json.loads(body) | {"added_later": {"x": 1}})

    assert kind.model_validate_json(newer) == kind.model_validate_json(body)


@every_message
def test_a_golden_message_fits_its_published_schema(kind: type[Message]) -> None:
    schema = json.loads((SCHEMAS / f"{kind.type_name()}.json").read_text())
    _, body = golden(kind)

    Draft202012Validator(schema).validate(json.loads(body))


@every_message
def test_every_field_says_what_it_means(kind: type[Message]) -> None:
    schema = kind.model_json_schema()
    objects = [schema, *(d for d in schema.get("$defs", {}).values() if "properties" in d)]

    silent = [
        name
        for part in objects
        for name, field in part["properties"].items()
        if not field.get("description")
    ]

    assert silent == []
    assert kind.__doc__


def test_generated_files_are_current() -> None:
    stale = [
        path.name
        for path, text in generated_files().items()
        if not path.exists() or path.read_text() != text
    ]

    assert stale == [], "run `python -m contracts.export`"
    assert set(SCHEMAS.glob("*.json")) <= set(generated_files())


def test_an_arriving_message_finds_its_class() -> None:
    assert [event_class(event.type_name()) for event in EVENT_TYPES] == list(EVENT_TYPES)
    assert [view_class(golden(view)[0]) for view in VIEW_TYPES] == list(VIEW_TYPES)
    assert event_class("podium.v1.submission.invented_later") is None


def test_an_event_with_a_cause_has_the_same_id_each_time() -> None:
    event = SubmissionReceived.model_validate_json(golden(SubmissionReceived)[1])
    cause = Envelope.of(event, "gateway")

    first, again = (Envelope.of(event, "validator", cause) for _ in range(2))
    attempt = Envelope.of(event, "validator", cause, key="2")

    assert first.id == again.id != cause.id
    assert attempt.id != first.id
    assert first.traceparent.split("-")[1] == cause.traceparent.split("-")[1]
    assert Envelope.from_headers(cause.headers()) == cause


@pytest.mark.parametrize("told", ["", "nonsense", "00-a-b-c-d", "00-xyz-0123456789abcdef-01"])
def test_a_trace_that_cannot_be_read_begins_anew(told: str) -> None:
    event = SubmissionReceived.model_validate_json(golden(SubmissionReceived)[1])
    sent = Envelope.of(event, "gateway")

    cause = Envelope.from_headers(sent.headers() | {"traceparent": told})
    caused = Envelope.of(event, "validator", cause)

    assert caused.traceparent.split("-")[1] == cause.traceparent.split("-")[1]
    assert cause.traceparent != told


def test_equal_submissions_have_equal_ids_and_others_have_not() -> None:
    model = SubmissionReceived.model_validate_json(golden(SubmissionReceived)[1]).model

    ids = {
        submission_id(model, "demo"),
        submission_id(model, "other"),
        submission_id(model.model_copy(update={"chat_template": False}), "demo"),
        submission_id(model.model_copy(update={"commit": "0" * 40}), "demo"),
    }

    assert len(ids) == 4
    assert submission_id(model.model_copy(), "demo") in ids
    assert submission_id(model, "demo") == json.loads(golden(SubmissionReceived)[1])["sid"]


def test_a_value_with_dots_and_slashes_is_one_token_of_a_subject() -> None:
    [flagged] = [event for event in EVENT_TYPES if event.__name__ == "ModelFlagged"]

    subject, _ = golden(flagged)

    assert subject == "podium.v1.moderation.flagged.acme%2FTiny-Llama%2E2"
