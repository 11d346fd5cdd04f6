import msgspec
import pytest

from contracts.models import ModelType, Precision, Reason, WeightType
from contracts.submission import submission_id
from contracts.views import Delay, Entry, Flag, Origin, RequestState
from services.gateway.boards.views import BoardEntryDetails, board, board_entries, entry_details
from services.gateway.query.engine import row_of
from services.gateway.queue.outlook import Outlook
from services.gateway.submitting.hub import ResolvedModel
from services.gateway.views import (
    SubmissionRequest,
    received,
    request_details,
)
from tests.unit.gateway.examples import (
    NOON,
    a_board,
    a_provenance,
    a_ranked_board,
    a_request,
    a_store,
    an_entry,
)

ON_THE_HUB = ResolvedModel("acme/tiny", "a" * 40)
COMMIT = "8d1f0c5e7a2b49f3b6c4d5e6f708192a3b4c5d6e"


def details_of(entry: Entry) -> BoardEntryDetails:
    """As the API tells it, alone on its board."""
    ranked = a_ranked_board(entry)
    rows = board_entries(row_of(ranked, entry.sid), ranked.snapshot.columns)
    return entry_details(rows[0], entry)


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


def test_spellings_of_a_base_model_are_one_submission() -> None:
    body = {"model": "acme/adapter", "weight_type": "adapter"}
    base = ResolvedModel("acme/base", "b" * 40)

    events = [
        received(
            msgspec.convert(body | {"base_model": spelling}, SubmissionRequest),
            "demo",
            ON_THE_HUB,
            None,
            base,
        )
        for spelling in ("acme/base", "ACME/Base")
    ]

    assert [event.model.base_model for event in events] == ["acme/base"] * 2
    assert events[0].sid == events[1].sid


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

    shown = request_details(request, Outlook(a_store()))

    assert shown.delay
    assert (shown.delay.reason.code, shown.delay.since) == ("hub-unavailable", NOON)
    assert shown.same_weights_as == ("acme/first", "bob/second")
    assert request_details(a_request(), Outlook(a_store())).delay is None


def test_a_request_counts_its_scored_tasks() -> None:
    request = a_request(state=RequestState.RUNNING, scored=("facts",))

    shown = request_details(request, Outlook(a_store()))

    assert (shown.tasks_scored, shown.tasks_total) == (1, 2)
    assert [task.score for task in shown.tasks] == [50.0, None]
    assert shown.status_url == f"/api/v1/requests/{request.sid}"


def test_an_outstanding_score_is_absent_and_never_zero() -> None:
    shown = details_of(an_entry(facts=40, grammar=None))

    assert (shown.rank, shown.average, shown.outstanding) == (None, None, ("grammar",))
    assert list(shown.scores) == ["facts"]
    assert shown.details["facts"].subtasks[0].samples == 200


def test_a_cell_says_how_it_came_about() -> None:
    shown = details_of(an_entry()).details["facts"]

    assert msgspec.to_builtins(shown.provenance) == a_provenance().model_dump(mode="json")
    [subtask] = shown.subtasks
    assert (subtask.prompt_hash, subtask.data_set) == ("5e" * 32, "acme/facts")


def test_a_cell_from_before_that_was_kept_says_so() -> None:
    entry = an_entry()
    score = entry.scores["facts"].model_copy(update={"provenance": None})
    bare = entry.model_copy(update={"scores": {"facts": score}})

    assert details_of(bare).details["facts"].provenance is None


def test_a_row_comes_out_of_the_columns_as_it_went_in() -> None:
    entry = an_entry().model_copy(
        update={
            "base_models": ("acme/a", "acme/b"),
            "same_weights_as": ("bob/first",),
            "flag": Flag(reason="trained on it", link=None, at=NOON),
            "is_available": False,
            "likes": 7,
            "submitted_at": NOON,
            "co2_kg": 0.25,
            "average_stderr": 1.5,
            "license": "",
        }
    )

    shown = details_of(entry)

    assert (shown.model, shown.commit, shown.request_id) == (
        entry.repo_id,
        entry.model.commit,
        entry.sid,
    )
    assert (shown.parameters, shown.likes, shown.co2_kg) == (1_312_000, 7, 0.25)
    assert (shown.base_models, shown.same_weights_as) == (("acme/a", "acme/b"), ("bob/first",))
    assert shown.flag
    assert (shown.flag.reason, shown.flag.link, shown.flag.at) == (
        "trained on it",
        None,
        NOON,
    )
    assert (shown.submitted_at, shown.uploaded_at, shown.updated_at) == (NOON, None, NOON)
    assert (shown.license, shown.is_available, shown.origin) == ("", False, Origin.EVALUATED)
    assert shown.average == entry.average
    assert shown.average_low == pytest.approx(50 - 1.96 * 1.5, abs=1e-3)
    assert shown.average_high == pytest.approx(50 + 1.96 * 1.5, abs=1e-3)
    assert (shown.scores["facts"].raw, shown.scores["facts"].normalized) == (0.625, 50.0)


def test_a_board_keeps_the_order_of_its_tasks() -> None:
    shown = board(a_board(tasks=("zebra", "apple")))

    assert [task.id for task in shown.tasks] == ["zebra", "apple"]
    assert (shown.tasks[0].harness_task, shown.tasks[0].metrics) == ("podium_zebra", ("acc,none",))
