"""Requests by what happens to them next, of those that somebody wants to see. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar
from urllib.parse import urlencode

from contracts.evaluation import EvaluationProgress
from contracts.models import Tier
from contracts.views import Request, RequestState
from services.gateway.queue.places import Plan, QueuePlace

T = TypeVar("T")

_OF_EACH = 12
"""How many a list begins with where the page has several."""
_ON_A_PAGE = 50
ENDED = frozenset(
    {
        RequestState.FINISHED,
        RequestState.REJECTED,
        RequestState.FAILED,
        RequestState.CANCELLED,
    }
)


@dataclass(frozen=True)
class Wanted:
    """What the address of the queue's page asks for; what is empty holds for everything."""

    board: str = ""
    state: RequestState | None = None
    tier: Tier | None = None
    submitter: str = ""
    text: str = ""
    """Part of the repository's name, or the id of a request."""
    page: int = 1

    def wants(self, request: Request) -> bool:
        """Whatever its state."""
        text, submitter = self.text.strip().casefold(), self.submitter.strip().casefold()
        return (
            self.board in ("", request.board)
            and self.tier in (None, request.tier)
            and submitter in ("", (request.submitter or "").casefold())
            and (text in request.model.repo_id.casefold() or text == request.sid)
        )

    @property
    def narrows(self) -> bool:
        return replace(self, state=None, page=1) != Wanted()

    def address(self, **changes: object) -> str:
        """Of the same with `changes`; from its first page on, unless `page` is one of them."""
        given = {**vars(self), "page": 1, **changes}
        asked = {name: given[name] for name in vars(self) if given[name]}
        if asked["page"] == 1:
            del asked["page"]
        return f"/queue?{urlencode(asked)}" if asked else "/queue"


@dataclass(frozen=True)
class Running:
    request: Request
    progress: EvaluationProgress | None
    """None until the evaluator has said where it is."""
    seconds_left: float | None
    """Of the whole evaluation; None when nobody can tell."""


@dataclass(frozen=True)
class Waiting:
    request: Request
    place: QueuePlace
    """Among those of its tier, whatever their boards."""


@dataclass(frozen=True)
class Queue:
    counts: Mapping[RequestState, int]
    """How many there are in each state."""
    running: tuple[Running, ...]
    """The longest running first."""
    waiting: tuple[Waiting, ...]
    """By tier, and in the order they are served."""
    received: tuple[Request, ...]
    """Not validated yet, the oldest first."""
    ended: tuple[Request, ...]
    """The newest first."""
    pages: int
    """Of the one state that is wanted; 1 where there are several."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended_total(self) -> int:
        return sum(self.counts[state] for state in ENDED)

    @classmethod
    def of(
        cls,
        requests: Iterable[Request],
        progress: Mapping[str, EvaluationProgress],
        plan: Plan,
        wanted: Wanted,
    ) -> Self:
        chosen = [request for request in requests if wanted.wants(request)]
        chosen.sort(key=lambda request: (request.received_at, request.sid))
        by_state: dict[RequestState, list[Request]] = {state: [] for state in RequestState}
        for request in chosen:
            by_state[request.state].append(request)
        # What waits comes in the order of service, and only once the plan knows of it.
        by_state[RequestState.WAITING] = [
            request for request in plan.waiting.values() if wanted.wants(request)
        ]
        shown = {wanted.state: by_state[wanted.state]} if wanted.state else {**by_state}
        ended = sorted(
            (request for state in ENDED for request in shown.get(state, ())),
            key=lambda request: request.updated_at,
            reverse=True,
        )
        return cls(
            counts=Counter({state: len(them) for state, them in by_state.items()}),
            running=tuple(
                Running(request, progress.get(request.sid), _seconds_left(request, plan))
                for request in _part(shown.get(RequestState.RUNNING, ()), wanted)
            ),
            waiting=tuple(
                Waiting(request, place)
                for request in _part(shown.get(RequestState.WAITING, ()), wanted)
                if (place := plan.place(request.sid))
            ),
            received=tuple(_part(shown.get(RequestState.RECEIVED, ()), wanted)),
            ended=tuple(_part(ended, wanted)),
            pages=max(1, -(-len(by_state[wanted.state]) // _ON_A_PAGE)) if wanted.state else 1,
        )


def _part(some: Sequence[T], wanted: Wanted) -> Sequence[T]:
    if wanted.state is None:
        return some[:_OF_EACH]
    return some[(wanted.page - 1) * _ON_A_PAGE : wanted.page * _ON_A_PAGE]


def _seconds_left(request: Request, plan: Plan) -> float | None:
    left = plan.left.get(request.sid)
    return left.seconds if left else None


def counted(board: str, requests: Iterable[Request]) -> Counter[RequestState]:
    """How many requests of a board are in each state."""
    return Counter(request.state for request in requests if request.board == board)
