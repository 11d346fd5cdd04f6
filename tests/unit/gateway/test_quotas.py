from datetime import UTC, datetime, timedelta

import pytest

from contracts.board import Board
from contracts.evaluation import FailureCause
from contracts.models import Reason
from contracts.views import Failure, Policy, Request, RequestState, Ruling
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import User
from services.gateway.state.store import ViewStore
from services.gateway.submitting.quotas import Quotas
from tests.unit.gateway.examples import a_board, a_request

ADA = User("ada", frozenset({"acme"}))


def board(per_week: int | None = 2, pending: int | None = 10) -> Board:
    demo = a_board()
    limits = {"submissions_per_week": per_week, "pending_per_user": pending}
    return demo.model_copy(update={"limits": demo.limits.model_copy(update=limits)})


def submitted(
    number: int, days_ago: float, state: RequestState = RequestState.FINISHED, **changes: object
) -> Request:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return a_request(f"acme/m{number}", state).model_copy(
        update={"submitter": "ada", "received_at": at, **changes}
    )


def quotas(*requests: Request) -> Quotas:
    store = ViewStore()
    for request in requests:
        show(store, request)
    return Quotas(store)


def show(store: ViewStore, request: Request) -> None:
    body = request.model_dump_json().encode()
    store.put(request.subject(), body, store.version.sequence + 1)


def refusal(standing: Quotas, to: Board, user: User = ADA) -> Refusal:
    with pytest.raises(Refusal) as refused, standing.slot(user, to):
        raise AssertionError("a slot was given")
    return refused.value


def test_one_too_many_is_told_when_the_next_is_possible() -> None:
    refused = refusal(quotas(submitted(1, 6), submitted(2, 1)), board(per_week=2))

    assert refused.code is ErrorCode.QUOTA_EXCEEDED
    assert refused.retry_after_s == pytest.approx(timedelta(days=1).total_seconds(), abs=60)


def test_when_a_quota_was_lowered_the_next_waits_for_a_free_place() -> None:
    standing = quotas(submitted(1, 6), submitted(2, 4), submitted(3, 1))

    refused = refusal(standing, board(per_week=2))

    assert refused.retry_after_s == pytest.approx(timedelta(days=3).total_seconds(), abs=60)


@pytest.mark.parametrize(
    "free",
    [
        submitted(1, 8),
        submitted(1, 1, RequestState.CANCELLED),
        submitted(1, 1, RequestState.REJECTED),
        submitted(
            1,
            1,
            RequestState.FAILED,
            failure=Failure(
                cause=FailureCause.INFRASTRUCTURE,
                reason=Reason(code="lost", message="Lost.", advice="Again."),
                log_tail="",
            ),
        ),
        submitted(1, 1, board="other"),
        submitted(1, 1, submitter="grace"),
    ],
    ids=["old", "cancelled", "refused", "lost by us", "other board", "other user"],
)
def test_some_submissions_use_up_no_place(free: Request) -> None:
    with quotas(free).slot(ADA, board(per_week=1)):
        pass


def test_submissions_at_the_same_instant_share_the_places_that_are_left() -> None:
    standing = quotas()

    with standing.slot(ADA, board(per_week=2)), standing.slot(ADA, board(per_week=2)):
        refused = refusal(standing, board(per_week=2))

    assert refused.code is ErrorCode.QUOTA_EXCEEDED


def test_a_submission_counts_before_its_view_is_there_and_once_when_it_is() -> None:
    standing = quotas()
    request = submitted(1, 0, RequestState.RECEIVED)

    standing.submitted(request)
    assert refusal(standing, board(per_week=1)).code is ErrorCode.QUOTA_EXCEEDED
    show(standing.store, request)

    with standing.slot(ADA, board(per_week=2)):
        pass


def test_a_place_of_a_submission_that_failed_is_free_again() -> None:
    standing = quotas()

    with pytest.raises(RuntimeError), standing.slot(ADA, board(per_week=1)):
        raise RuntimeError("the Hub is away")

    with standing.slot(ADA, board(per_week=1)):
        pass


def test_too_many_at_once_are_named() -> None:
    waiting = submitted(1, 0.1, RequestState.WAITING)

    refused = refusal(quotas(waiting), board(pending=1))

    assert refused.code is ErrorCode.TOO_MANY_PENDING
    assert refused.details
    assert refused.details["pending"] == [waiting.sid]


def test_official_providers_and_the_nameless_have_any_number() -> None:
    standing = quotas(submitted(1, 1), submitted(2, 1))
    acme = Ruling(name="ACME", reason="Its own models.", at=datetime.now(UTC))
    assert refusal(standing, board(per_week=2)).code is ErrorCode.QUOTA_EXCEEDED

    standing.store.policy = Policy(official_providers=(acme,))

    with standing.slot(ADA, board(per_week=2)), standing.slot(None, board(per_week=2)):
        pass


def test_a_board_without_quotas_has_none() -> None:
    with quotas(*(submitted(n, 0.1, RequestState.WAITING) for n in range(20))).slot(
        ADA, board(per_week=None, pending=None)
    ):
        pass
