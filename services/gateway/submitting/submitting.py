"""What becomes of a submission that somebody sends: the same over the API and from the form."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from contracts.submission import SubmissionReceived
from runtime.bus import AlreadyPublishedError
from runtime.logs import about
from services.gateway.boards.routes import chosen_board
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import Caller
from services.gateway.identity.official_providers import check_not_evaluated_yet
from services.gateway.queue.outlook import Outlook
from services.gateway.requests.routes import known_request
from services.gateway.state.event_log import EventLog, as_request
from services.gateway.state.store import ViewStore
from services.gateway.submitting.hub import ResolvedModel
from services.gateway.submitting.quotas import Quotas
from services.gateway.views import SubmissionRequest, received, request_details

log = structlog.get_logger(__name__)

ResolveModel = Callable[[str, str], Awaitable[ResolvedModel]]
"""Model and revision → the commit at this moment; `Hub.resolve`."""


@dataclass(frozen=True)
class Submitting:
    store: ViewStore
    event_log: EventLog
    resolve_model: ResolveModel
    quotas: Quotas
    outlook: Outlook

    async def take_in(self, asked: SubmissionRequest, caller: Caller) -> str:
        """Its id, once it is on disk. Raises Refusal; about a base model, `details` has its path
        in the body."""
        caller.must_be_known()
        board = chosen_board(asked.board, self.store)
        with self.quotas.slot(caller.user, board):
            resolved = await self.resolve_model(asked.model, asked.revision)
            base = await self._base(asked.base_model) if asked.base_model else None
            event = received(asked, board.name, resolved, caller.name, base)
            requests = self.store.requests.values()
            check_not_evaluated_yet(event, caller, self.store.policy, requests)
            await self._publish(event)
            self.quotas.submitted(as_request(event, datetime.now(UTC)))
        return event.sid

    async def _base(self, name: str) -> ResolvedModel:
        try:
            return await self.resolve_model(name, "main")
        except Refusal as fault:
            details = {**(fault.details or {}), "path": "$.base_model"}
            raise Refusal(
                fault.code, fault.message, fault.advice, details, fault.retry_after_s
            ) from fault

    async def _publish(self, event: SubmissionReceived) -> None:
        with about(sid=event.sid):
            try:
                await self.event_log.publish_once(event)
            except AlreadyPublishedError as taken:
                standing = await known_request(event.sid, self.store, self.event_log)
                existing = request_details(standing, self.outlook)
                raise Refusal(
                    ErrorCode.DUPLICATE_SUBMISSION,
                    f"{existing.model} at commit {existing.commit[:12]} has been submitted to board"
                    f" {existing.board} before, in the same precision and form.",
                    f"Follow the existing request at {existing.status_url}.",
                    {"request": existing, "status_url": existing.status_url},
                ) from taken
            log.info("submission received", model=event.model.repo_id, commit=event.model.commit)


SubmittingDependency = NamedDependency[SkipValidation[Submitting]]
