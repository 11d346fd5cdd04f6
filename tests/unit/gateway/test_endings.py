from datetime import UTC, datetime, timedelta

from contracts.evaluation import FailureCause
from contracts.models import Reason
from contracts.views import Failure, HistoryEntry, Request, RequestState
from services.gateway.queue.endings import Endings
from tests.unit.gateway.examples import a_request

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def ended(name: str, state: RequestState, what: str, hours_ago: float, *codes: str) -> Request:
    """`updated_at` is now, as after a vote or a decision of a moderator."""
    reasons = tuple(Reason(code=code, message="m", advice="a") for code in codes)
    failed = state is RequestState.FAILED
    failure = Failure(cause=FailureCause.MODEL, reason=reasons[0], log_tail="") if failed else None
    return a_request(name, state).model_copy(
        update={
            "history": (HistoryEntry(at=NOW - timedelta(hours=hours_ago), what=what),),
            "updated_at": NOW,
            "failure": failure,
            "reasons": () if failed else reasons,
        }
    )


def test_endings_count_by_when_they_came_and_by_cause() -> None:
    requests = [
        ended("acme/a", RequestState.FINISHED, "evaluation.finished", 1),
        ended("acme/b", RequestState.FINISHED, "evaluation.finished", 2),
        ended("acme/c", RequestState.FINISHED, "evaluation.finished", 25),
        ended("acme/d", RequestState.FAILED, "evaluation.failed", 3, "weights-not-finite"),
        ended("acme/e", RequestState.FAILED, "evaluation.failed", 30, "time-limit"),
        ended("acme/f", RequestState.REJECTED, "submission.rejected", 5, "card-missing", "x-y"),
        a_request("acme/waits"),
    ]

    day = Endings.since(DAY, NOW, requests)
    week = Endings.since(7 * DAY, NOW, requests)

    assert (day.finished, day.refused) == (2, 1)
    assert day.failed == {(FailureCause.MODEL, "weights-not-finite"): 1}
    assert day.failure_rate == 1 / 3
    assert day.rejected == {"card-missing": 1, "x-y": 1}
    assert (week.finished, week.failed.total()) == (3, 2)


def test_without_an_end_there_is_no_rate() -> None:
    assert Endings.since(DAY, NOW, [a_request("acme/waits")]).failure_rate is None
