"""How many submissions one user may make: in any seven days, and at once."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from contracts.board import Board
from contracts.evaluation import FailureCause
from contracts.views import Policy, Request, RequestState
from services.gateway.access import User
from services.gateway.errors import ErrorCode, Refusal
from services.gateway.store import ViewStore

WEEK = timedelta(days=7)
_RETRY_PENDING_S = 60

_PENDING = frozenset({RequestState.RECEIVED, RequestState.WAITING, RequestState.RUNNING})


@dataclass
class Quotas:
    """Exact for what comes through this gateway. What came through another counts once it is in
    VIEWS, which takes milliseconds."""

    store: ViewStore
    _under_way: dict[str, list[tuple[str, datetime]]] = field(default_factory=dict)
    """By user: board and time of submissions that are being published."""
    _published: dict[str, Request] = field(default_factory=dict)
    """By id: what was published here and may not be in VIEWS yet."""

    @contextmanager
    def slot(self, user: User | None, board: Board) -> Iterator[None]:
        """Taken while a submission is published; `submitted` keeps it. Raises Refusal for a user
        who has none left. Who has no name, and official providers, have any number."""
        if user is None or _is_official(user, self.store.policy):
            yield
            return
        now = datetime.now(UTC)
        self._check(user.name, board, now)
        slots = self._under_way.setdefault(user.name, [])
        mine = (board.name, now)
        slots.append(mine)
        try:
            yield
        finally:
            slots.remove(mine)
            if not slots:
                del self._under_way[user.name]

    def submitted(self, request: Request) -> None:
        """Count it from now on, although VIEWS does not tell of it yet."""
        if request.submitter is not None:
            self._published[request.sid] = request

    def _check(self, user: str, board: Board, now: datetime) -> None:
        limits = board.limits
        under_way = [at for name, at in self._under_way.get(user, ()) if name == board.name]
        mine = [
            request
            for request in self._requests()
            if request.submitter == user and request.board == board.name
        ]
        pending = [request for request in mine if request.state in _PENDING]
        most = limits.pending_per_user
        if most is not None and len(pending) + len(under_way) >= most:
            raise Refusal(
                ErrorCode.TOO_MANY_PENDING,
                f"{user} has {len(pending) + len(under_way)} submissions to board {board.name}"
                f" that wait or run; {most} at once are taken.",
                "Submit the next when one of them has ended, or cancel one.",
                {"limit": most, "pending": [request.sid for request in pending]},
                retry_after_s=_RETRY_PENDING_S,
            )
        counted = sorted([*_counted(mine, now), *under_way])
        weekly = limits.submissions_per_week
        if weekly is not None and len(counted) >= weekly:
            # The next is possible when so many have grown old that one slot is free.
            possible = counted[len(counted) - weekly] + WEEK
            raise Refusal(
                ErrorCode.QUOTA_EXCEEDED,
                f"{user} has made {len(counted)} submissions to board {board.name} within seven"
                f" days; {weekly} are taken.",
                f"Submit the next after {possible:%Y-%m-%d %H:%M} UTC. Cancelling one that has not"
                " run gives its place back.",
                {"limit": weekly, "used": len(counted), "possible_at": possible.isoformat()},
                retry_after_s=max(1, ceil((possible - now).total_seconds())),
            )

    def _requests(self) -> Iterator[Request]:
        for sid in [sid for sid in self._published if sid in self.store.requests]:
            del self._published[sid]
        yield from self.store.requests.values()
        yield from self._published.values()


def _counted(requests: Iterable[Request], now: datetime) -> Iterator[datetime]:
    """When each submission of the last seven days came that uses up a place."""
    for request in requests:
        if is_used_up(request) and now - request.received_at < WEEK:
            yield request.received_at


def is_used_up(request: Request) -> bool:
    """Whether it keeps its place in the quota: what was cancelled or refused gives it back, and so
    does what was lost by us."""
    if request.state is RequestState.FAILED and request.failure:
        return request.failure.cause is not FailureCause.INFRASTRUCTURE
    return request.state not in (RequestState.CANCELLED, RequestState.REJECTED)


def _is_official(user: User, policy: Policy) -> bool:
    return user.is_among(frozenset(ruling.name for ruling in policy.official_providers))
