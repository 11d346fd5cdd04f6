"""The requests of one board by what happens to them next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.evaluation import EvaluationProgress
from contracts.views import Request, RequestState
from services.gateway.queueing import Plan, QueuePlace

_SHOWN_ENDED = 12
ENDED = frozenset(
    {
        RequestState.FINISHED,
        RequestState.REJECTED,
        RequestState.FAILED,
        RequestState.CANCELLED,
    }
)


@dataclass(frozen=True)
class Running:
    request: Request
    progress: EvaluationProgress | None
    """None until the evaluator has said where it is."""


@dataclass(frozen=True)
class Waiting:
    request: Request
    place: QueuePlace
    """Among those of its tier, whatever their boards."""


@dataclass(frozen=True)
class Queue:
    running: tuple[Running, ...]
    """The longest running first."""
    waiting: tuple[Waiting, ...]
    """By tier, and in the order they are served."""
    received: tuple[Request, ...]
    """Not validated yet, the oldest first."""
    ended: tuple[Request, ...]
    """The newest first, and only so many."""
    ended_total: int


def queue_of(
    board: str,
    requests: Iterable[Request],
    progress: Mapping[str, EvaluationProgress],
    plan: Plan,
) -> Queue:
    by_age = sorted(
        (request for request in requests if request.board == board),
        key=lambda request: (request.received_at, request.sid),
    )
    ended = sorted(
        (request for request in by_age if request.state in ENDED),
        key=lambda request: request.updated_at,
        reverse=True,
    )
    return Queue(
        running=tuple(
            Running(request, progress.get(request.sid))
            for request in by_age
            if request.state is RequestState.RUNNING
        ),
        waiting=tuple(
            Waiting(request, place)
            for request in plan.waiting.values()
            if request.board == board and (place := plan.place(request.sid))
        ),
        received=tuple(r for r in by_age if r.state is RequestState.RECEIVED),
        ended=tuple(ended[:_SHOWN_ENDED]),
        ended_total=len(ended),
    )
