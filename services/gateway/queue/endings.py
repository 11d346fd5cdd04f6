"""How evaluations ended lately, and why. Pure.

By the last run of each request: an earlier one that failed and was run again does not count."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from contracts.views import Request, RequestState
from services.gateway.queue.experience import last_at

_ENDS = {
    RequestState.FINISHED: "evaluation.finished",
    RequestState.FAILED: "evaluation.failed",
    RequestState.REJECTED: "submission.rejected",
}


@dataclass(frozen=True)
class Endings:
    finished: int
    failed: Counter[tuple[str, str]]
    """By cause and code."""
    rejected: Counter[str]
    """By code; a submission that breaks several rules counts for each."""
    refused: int
    """Submissions that were rejected."""

    @property
    def evaluations(self) -> int:
        return self.finished + self.failed.total()

    @property
    def failure_rate(self) -> float | None:
        """Of the evaluations that came to an end; None when none did."""
        return self.failed.total() / self.evaluations if self.evaluations else None

    @classmethod
    def since(cls, span: timedelta, now: datetime, requests: Iterable[Request]) -> Self:
        finished, refused = 0, 0
        failed: Counter[tuple[str, str]] = Counter()
        rejected: Counter[str] = Counter()
        for request in requests:
            if request.state not in _ENDS or now - _ended_at(request) > span:
                continue
            match request.state:
                case RequestState.FINISHED:
                    finished += 1
                case RequestState.FAILED if request.failure:
                    failed[request.failure.cause, request.failure.reason.code] += 1
                case RequestState.REJECTED:
                    refused += 1
                    rejected.update({reason.code for reason in request.reasons})
        return cls(finished, failed, rejected, refused)


def _ended_at(request: Request) -> datetime:
    return last_at(request, _ENDS[request.state]) or request.updated_at
