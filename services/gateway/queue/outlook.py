"""What lies ahead of everything that waits or runs, worked out once for each state of the store."""

import time
from datetime import UTC, datetime
from functools import cache

from contracts.evaluation import EvaluationProgress
from contracts.validation import ValidationProgress
from contracts.views import Request, RequestState
from services.gateway.queue.experience import Experience, TimeLeft, learned, time_left
from services.gateway.queue.places import Plan, QueuePlace, planned
from services.gateway.requests.situations import USUAL, Bounds, Circumstances, Situation, situation
from services.gateway.state.store import ViewStore

_GROWS_STALE_S = 5.0
"""Progress, and time itself, move an estimate no sooner than this."""
_DEAR_S = 0.01
_SHARE = 20
"""A plan that took more of the processor than `_DEAR_S` is kept for so many times as long."""


class Outlook:
    def __init__(self, store: ViewStore, bounds: Bounds = USUAL) -> None:
        self._store = store
        self._bounds = bounds
        self._made_for: tuple[object, ...] = ()
        self._keep_until = 0.0
        self._plan = self._planned()

    def plan(self) -> Plan:
        store, began = self._store, time.monotonic()
        moment = (store.version, store.evaluators.revision, began // _GROWS_STALE_S)
        if moment != self._made_for and began >= self._keep_until:
            # Not by the clock: what a busy machine interrupts has taken no longer.
            before = time.thread_time()
            self._made_for, self._plan = moment, self._planned()
            took = time.thread_time() - before
            if took > _DEAR_S:
                self._keep_until = time.monotonic() + _SHARE * took
        return self._plan

    def place(self, request: Request) -> QueuePlace | None:
        """None for what does not wait: also where the plan was made before it had begun."""
        if request.state is not RequestState.WAITING:
            return None
        return self.plan().place(request.sid)

    def progress(self, request: Request) -> EvaluationProgress | None:
        """Where it is; None while its evaluator has not said so."""
        return self._store.progress.get(request.sid)

    def validation(self, request: Request) -> ValidationProgress | None:
        """How the rules come out so far; None where no validator is at it."""
        return self._store.validations.get(request.sid)

    def time_left(self, request: Request) -> TimeLeft:
        """Of a running request, by its newest progress."""
        experience = self.plan().experience(request.board)
        return time_left(request, self.progress(request), experience, datetime.now(UTC))

    def situation(self, request: Request) -> Situation:
        """What has happened to it, and what to do."""
        store, evaluators = self._store, self._store.evaluators
        known = evaluators.are_known
        around = Circumstances(
            now=datetime.now(UTC),
            bounds=self._bounds,
            place=self.place(request),
            evaluators=evaluators.serving(request.tier) if known and request.tier else None,
            worked_on=evaluators.work_on(request.sid, request.run) if known else None,
            validation=self.validation(request),
            validators_at_work=bool(store.validations.sids()),
            progress=self.progress(request),
            moved_at=store.moved_at.get(request.sid),
        )
        return situation(request, around)

    def _planned(self) -> Plan:
        store, now = self._store, datetime.now(UTC)

        @cache
        def experience(name: str) -> Experience:
            board = store.boards.get(name)
            if board is None:
                return Experience(name, 0, 0, 0, {})
            return learned(board, store.requests.values())

        left = {
            request.sid: time_left(request, self.progress(request), experience(request.board), now)
            for request in store.requests.values()
            if request.state is RequestState.RUNNING
        }
        return planned(
            store.requests.values(), store.evaluators, experience, left, store.holds, now
        )
