"""For whoever runs the leaderboard: who evaluates, what waits, and what fails."""

from datetime import UTC, datetime, timedelta

from litestar import get
from litestar.response import Template

from services.gateway.dependencies import DeadLettersDependency, OutlookDependency
from services.gateway.pages.visit import VisitDependency
from services.gateway.queue.endings import Endings

_SPANS = (("last 24 hours", timedelta(days=1)), ("last 7 days", timedelta(days=7)))


@get("/operation", include_in_schema=False)
async def show_operation(
    visit: VisitDependency, outlook: OutlookDependency, dead_letters: DeadLettersDependency
) -> Template:
    visit.caller.must_be_moderator()
    store, now = visit.store, datetime.now(UTC)
    context = {
        "evaluators": tuple(store.evaluators),
        "evaluators_known": store.evaluators.are_known,
        "requests": store.requests,
        "tiers": tuple(outlook.plan().tiers.values()),
        "endings": [
            (title, Endings.since(span, now, store.requests.values())) for title, span in _SPANS
        ],
        "letters": await dead_letters.counted(),
    }
    return visit.page(
        "operation",
        context,
        board=visit.any_board(),
        parts=("operation",),
        follows_every_board=True,
    )
