"""How many submissions one user may make: in any seven days, and at once."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from contracts.board import Board
from contracts.evaluation import FailureCause
from contracts.views import Policy, Request, RequestState
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import User
from services.gateway.state.store import ViewStore

WEEK = timedelta(days=7)
_RETRY_PENDING_S = 60

_PENDING = frozenset({RequestState.RECEIVED, RequestState.WAITING, RequestState.RUNNING})


@dataclass(frozen=True)
class Left:
    """What one user may still submit to a board."""

    weekly: int | None
    """Most in any seven days; None for any number."""
    used: int
    """Of those."""
    possible_at: datetime | None
    """When the next is possible; None when it is now."""
    at_once: int | None
    """Most that wait or run; None for any number."""
    pending: tuple[str, ...]
    """Ids of those that do."""
    under_way: int
    """How many do, with those that are just being stored."""

    @property
    def is_full(self) -> bool:
        """Whether one of those that wait or run has to end first."""
        return self.at_once is not None and self.under_way >= self.at_once


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

    def left(self, user: User | None, board: Board) -> "Left | None":
        """What the user may still submit now; None for those who may submit any number."""
        if user is None or _is_official(user, self.store.policy):
            return None
        return self._left(user.name, board, datetime.now(UTC))

    def _left(self, user: str, board: Board, now: datetime) -> "Left":
        limits = board.limits
        under_way = [at for name, at in self._under_way.get(user, ()) if name == board.name]
        mine = [request for request in self._requests_of(user) if request.board == board.name]
        pending = tuple(request.sid for request in mine if request.state in _PENDING)
        counted = sorted([*_counted(mine, now), *under_way])
        weekly, possible_at = limits.submissions_per_week, None
        if weekly is not None and len(counted) >= weekly:
            # The next is possible when so many have grown old that one place is free.
            possible_at = counted[len(counted) - weekly] + WEEK
        return Left(
            weekly=weekly,
            used=len(counted),
            possible_at=possible_at,
            at_once=limits.pending_per_user,
            pending=pending,
            under_way=len(pending) + len(under_way),
        )

    def _check(self, user: str, board: Board, now: datetime) -> None:
        left = self._left(user, board, now)
        if left.is_full:
            raise Refusal(
                ErrorCode.TOO_MANY_PENDING,
                f"{user} has {left.under_way} submissions to board {board.name}"
                f" that wait or run; {left.at_once} at once are taken.",
                "Submit the next when one of them has ended, or cancel one.",
                {"limit": left.at_once, "pending": list(left.pending)},
                retry_after_s=_RETRY_PENDING_S,
            )
        if possible := left.possible_at:
            raise Refusal(
                ErrorCode.QUOTA_EXCEEDED,
                f"{user} has made {left.used} submissions to board {board.name} within seven"
                f" days; {left.weekly} are taken.",
                f"Submit the next after {possible:%Y-%m-%d %H:%M} UTC. Cancelling one that has not"
                " run gives its place back.",
                {"limit": left.weekly, "used": left.used, "possible_at": possible.isoformat()},
                retry_after_s=max(1, ceil((possible - now).total_seconds())),
            )

    def _requests_of(self, user: str) -> Iterator[Request]:
        for sid in [sid for sid in self._published if sid in self.store.requests]:
            del self._published[sid]
        yield from self.store.requests_of(user)
        for request in self._published.values():
            if request.submitter == user:
                yield request


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
