from datetime import timedelta

import pytest
from nats.js.api import RawStreamMsg

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.evaluation import FailureCause
from contracts.models import Reason
from contracts.submission import SubmissionReceived, SubmissionRerunRequested
from contracts.views import Failure, HistoryEntry, Request, RequestState
from runtime.dead_letters import BYTES, READER, REASON, SUBJECT
from services.gateway.moderation.dead_letters import DeadLetter, obstacle, read
from tests.unit.gateway.examples import NOON, a_request

REQUEST = a_request(state=RequestState.RECEIVED)
RECEIVED = SubmissionReceived(
    sid=REQUEST.sid, board=REQUEST.board, model=REQUEST.model, model_type=REQUEST.model_type
)
SECOND = SubmissionRerunRequested(sid=REQUEST.sid, run=2)


def letter_about(event: Event, *, reader: str = "validator", readable: bool = True) -> DeadLetter:
    own = Envelope.of(event, "test").headers() if readable else {}
    return read(
        RawStreamMsg(
            subject=f"podium.v1.dead.{reader}",
            seq=7,
            data=event.model_dump_json().encode(),
            headers=own | {REASON: "a fault", READER: reader, SUBJECT: event.subject()},
            time=NOON + timedelta(minutes=5),
        )
    )


def failed_by(cause: FailureCause) -> Failure:
    return Failure(
        cause=cause, reason=Reason(code="x", message="Lost.", advice="Again."), log_tail=""
    )


def standing(state: RequestState, **changes: object) -> Request:
    return REQUEST.model_copy(update={"state": state} | changes)


LOST = standing(RequestState.FAILED, failure=failed_by(FailureCause.INFRASTRUCTURE))


@pytest.mark.parametrize(
    ("letter", "request_"),
    [
        (letter_about(RECEIVED), REQUEST),
        (letter_about(RECEIVED), LOST),
        (letter_about(RECEIVED, readable=False), REQUEST),
        (letter_about(SECOND), LOST.model_copy(update={"run": 2})),
    ],
    ids=["never judged", "given up", "unreadable", "a re-run"],
)
def test_what_waits_for_the_letter_or_ended_with_it_can_be_run_again(
    letter: DeadLetter, request_: Request
) -> None:
    assert obstacle(letter, request_) is None


@pytest.mark.parametrize(
    ("letter", "request_", "why"),
    [
        (letter_about(RECEIVED), None, "There is no request"),
        (letter_about(RECEIVED), standing(RequestState.WAITING), "is waiting: it is not lost"),
        (letter_about(RECEIVED), standing(RequestState.RUNNING), "is running: it is not lost"),
        (letter_about(RECEIVED), standing(RequestState.FINISHED), "is finished"),
        (letter_about(RECEIVED), standing(RequestState.CANCELLED), "is cancelled"),
        (letter_about(RECEIVED), standing(RequestState.REJECTED), "is rejected"),
        (
            letter_about(RECEIVED),
            standing(RequestState.FAILED, failure=failed_by(FailureCause.MODEL)),
            "is failed",
        ),
        (letter_about(RECEIVED), LOST.model_copy(update={"run": 2}), "Run 2"),
        (
            letter_about(RECEIVED, readable=False),
            LOST.model_copy(
                update={
                    "run": 2,
                    "history": (
                        HistoryEntry(
                            at=NOON + timedelta(hours=1), what="submission.rerun_requested"
                        ),
                    ),
                }
            ),
            "Run 2",
        ),
        (letter_about(RECEIVED, reader="aggregator"), REQUEST, "takes it in when it starts"),
    ],
)
def test_everything_else_says_why_it_cannot(
    letter: DeadLetter, request_: Request | None, why: str
) -> None:
    assert why in (obstacle(letter, request_) or "")


def test_an_unreadable_letter_still_tells_its_submission_by_its_subject() -> None:
    letter = letter_about(RECEIVED, readable=False)

    assert (letter.sid, letter.run, letter.decoded) == (REQUEST.sid, None, None)


def test_what_nobody_of_ours_wrote_is_shown_as_it_is() -> None:
    letter = read(RawStreamMsg(subject="podium.v1.dead.x", seq=1, data=b"?", time=NOON))

    assert (letter.letter, letter.sid, letter.subject) == (None, None, "podium.v1.dead.x")
    assert obstacle(letter, None) is not None


@pytest.mark.parametrize(
    ("headers", "whole"), [({}, 3), ({BYTES: "9000000"}, 9_000_000), ({BYTES: "many"}, 3)]
)
def test_a_letter_that_was_cut_tells_how_long_it_was(headers: dict[str, str], whole: int) -> None:
    message = RawStreamMsg(subject="podium.v1.dead.x", seq=1, data=b"abc", headers=headers)

    assert read(message).whole_bytes == whole
