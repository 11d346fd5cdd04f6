import msgspec
import pytest

from contracts.models import ModelType, Precision, Reason, WeightType
from contracts.submission import submission_id
from contracts.views import Delay, RequestState
from services.gateway.hub import ResolvedModel
from services.gateway.ranking import ranked
from services.gateway.views import (
    SubmissionRequest,
    board,
    board_entry_details,
    received,
    request_details,
)
from tests.unit.gateway.examples import NOON, a_board, a_provenance, a_request, an_entry

ON_THE_HUB = ResolvedModel("acme/tiny", "a" * 40)
COMMIT = "8d1f0c5e7a2b49f3b6c4d5e6f708192a3b4c5d6e"


def read(text: str) -> SubmissionRequest:
    return msgspec.json.decode(text, type=SubmissionRequest)


def test_a_submission_needs_only_the_model() -> None:
    assert read('{"model": "acme/tiny"}') == SubmissionRequest(
        model="acme/tiny",
        revision="main",
        precision=Precision.BFLOAT16,
        board=None,
        model_type=ModelType.PRETRAINED,
        weight_type=WeightType.ORIGINAL,
        base_model=None,
        chat_template=None,
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"model": "no-namespace"}',
        '{"model": "too/many/parts"}',
        '{"model": "acme/tiny\\n"}',
        '{"model": "acme/tiny", "revision": ""}',
        '{"model": "acme/tiny", "precision": "bf16"}',
        '{"model": "acme/tiny", "presicion": "float16"}',
        '{"model": "acme/tiny", "weight_type": "adapter"}',
        '{"model": "acme/tiny", "base_model": "acme/base"}',
    ],
)
def test_a_malformed_submission_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(text)


def test_the_event_names_the_model_as_the_hub_does_and_at_its_commit() -> None:
    request = read('{"model": "ACME/Tiny", "revision": "v1", "precision": "float16"}')

    event = received(request, "demo", ResolvedModel("acme/tiny", COMMIT), "ada")

    assert (event.model.repo_id, event.model.commit) == ("acme/tiny", COMMIT)
    assert (event.requested_revision, event.submitter) == ("v1", "ada")
    assert event.sid == submission_id(event.model, "demo")


@pytest.mark.parametrize(
    ("model_type", "said", "wrapped"),
    [
        ("chat", None, True),
        ("chat", False, False),
        ("chat", True, True),
        ("fine-tuned", None, False),
        ("fine-tuned", True, True),
        ("pretrained", False, False),
    ],
)
def test_the_chat_template_is_switched_on_by_itself_for_chat_models(
    model_type: str, said: bool | None, wrapped: bool
) -> None:
    body = {"model": "acme/tiny", "model_type": model_type}
    as_asked = body if said is None else body | {"chat_template": said}
    in_full = body | {"chat_template": wrapped}

    asked, told = (
        received(msgspec.convert(each, SubmissionRequest), "demo", ON_THE_HUB, None)
        for each in (as_asked, in_full)
    )

    assert asked.model.chat_template is wrapped
    assert asked.sid == told.sid


def test_a_delay_and_equal_weights_are_told() -> None:
    reason = Reason(code="hub-unavailable", message="It answers 503.", advice="Wait.")
    delay = Delay(reason=reason, since=NOON, at=NOON)
    request = a_request().model_copy(
        update={"delay": delay, "same_weights_as": ("acme/first", "bob/second")}
    )

    shown = request_details(request)

    assert shown.delay
    assert (shown.delay.reason.code, shown.delay.since) == ("hub-unavailable", NOON)
    assert shown.same_weights_as == ("acme/first", "bob/second")
    assert request_details(a_request()).delay is None


def test_a_request_counts_its_scored_tasks() -> None:
    request = a_request(state=RequestState.RUNNING, scored=("facts",))

    shown = request_details(request)

    assert (shown.tasks_scored, shown.tasks_total) == (1, 2)
    assert [task.score for task in shown.tasks] == [50.0, None]
    assert shown.status_url == f"/api/v1/requests/{request.sid}"


def test_an_outstanding_score_is_absent_and_never_zero() -> None:
    [row] = ranked([an_entry(facts=40, grammar=None)])

    shown = board_entry_details(row)

    assert (shown.rank, shown.average, shown.outstanding) == (None, None, ("grammar",))
    assert list(shown.scores) == ["facts"]
    assert shown.details["facts"].subtasks[0].samples == 200


def test_a_cell_says_how_it_came_about() -> None:
    [row] = ranked([an_entry()])

    shown = board_entry_details(row).details["facts"]

    assert msgspec.to_builtins(shown.provenance) == a_provenance().model_dump(mode="json")
    [subtask] = shown.subtasks
    assert (subtask.prompt_hash, subtask.data_set) == ("5e" * 32, "acme/facts")


def test_a_cell_from_before_that_was_kept_says_so() -> None:
    entry = an_entry()
    score = entry.scores["facts"].model_copy(update={"provenance": None})
    [row] = ranked([entry.model_copy(update={"scores": {"facts": score}})])

    assert board_entry_details(row).details["facts"].provenance is None


def test_a_board_keeps_the_order_of_its_tasks() -> None:
    shown = board(a_board(tasks=("zebra", "apple")))

    assert [task.id for task in shown.tasks] == ["zebra", "apple"]
    assert (shown.tasks[0].harness_task, shown.tasks[0].metrics) == ("podium_zebra", ("acc,none",))
