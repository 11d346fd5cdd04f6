"""What waits, what runs, and who serves it."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from contracts.models import Tier
from contracts.views import RequestState
from services.gateway.dependencies import OutlookDependency, StoreDependency
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.queue.views import Evaluators, TierQueue, evaluator, hold, tier_queue
from services.gateway.state.store import ViewStore
from services.gateway.views import RequestSummary, request_summary


class Queue(msgspec.Struct, frozen=True):
    tiers: tuple[TierQueue, ...]
    """Those that are served, waited for or run in, the smallest first."""
    running: tuple[RequestSummary, ...]
    """The longest running first."""
    waiting: tuple[RequestSummary, ...]
    """By tier and in the order of service."""
    waiting_total: int
    """Without `limit`."""


@get(
    "/api/v1/queue",
    operation_id="getQueue",
    tags=["queue"],
    responses=refuses(ErrorCode.INVALID_REQUEST),
)
async def get_queue(
    store: StoreDependency,
    outlook: OutlookDependency,
    tier: FromQuery[Tier | None] = None,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = 100,
) -> Queue:
    """What waits and what runs now, of one tier or of all. `limit` is for what waits."""
    plan = outlook.plan()
    waiting = [request for request in plan.waiting.values() if tier in (None, request.tier)]
    running = sorted(
        (
            request
            for request in store.requests.values()
            if request.state is RequestState.RUNNING and tier in (None, request.tier)
        ),
        key=lambda request: (request.received_at, request.sid),
    )
    return Queue(
        tiers=tuple(tier_queue(each) for each in plan.tiers.values() if tier in (None, each.tier)),
        running=tuple(request_summary(request, outlook) for request in running),
        waiting=tuple(request_summary(request, outlook) for request in waiting[:limit]),
        waiting_total=len(waiting),
    )


@get("/api/v1/evaluators", operation_id="listEvaluators", tags=["queue"])
async def list_evaluators(store: StoreDependency) -> Evaluators:
    """Those that are there right now, what each of their devices is at, and who keeps them from
    their jobs."""
    return standing_evaluators(store)


def standing_evaluators(store: ViewStore) -> Evaluators:
    models = {
        request.sid: request.model.repo_id
        for presence in store.evaluators
        for device in presence.devices
        if device.work and (request := store.requests.get(device.work.sid))
    }
    return Evaluators(
        items=tuple(evaluator(presence, models) for presence in store.evaluators),
        complete=store.evaluators.are_known,
        holds=tuple(map(hold, store.holds.holds)),
    )
