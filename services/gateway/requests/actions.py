"""What can be done about a request, who may do it and when. A page offers what is allowed, and the
same check stands before every deed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from contracts.board import Board
from contracts.submission import (
    SubmissionCancelled,
    SubmissionPromoted,
    SubmissionRerunRequested,
)
from contracts.views import Policy, Request, RequestState
from contracts.vote import VoteCast
from runtime.bus import AlreadyPublishedError
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import Caller
from services.gateway.identity.official_providers import is_official
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore
from services.gateway.submitting.quotas import Quotas, is_used_up

_WAITS = (RequestState.RECEIVED, RequestState.WAITING)
_UNSETTLED = (*_WAITS, RequestState.RUNNING)
_SETTLED = tuple(state for state in RequestState if state not in _UNSETTLED)


class Action(StrEnum):
    CANCEL = "cancel"
    RERUN = "rerun"
    VOTE = "vote"
    PROMOTE = "promote"


@dataclass(frozen=True)
class Actions:
    store: ViewStore
    event_log: EventLog
    quotas: Quotas

    def allowed(self, request: Request, caller: Caller) -> tuple[Action, ...]:
        """What this caller may do about the request as it stands. The quota is looked at when it
        is done."""
        return tuple(action for action in Action if self._is_allowed(action, request, caller))

    async def do(self, action: Action, request: Request, caller: Caller, note: str) -> None:
        """Returns once it is on disk. Raises Refusal for who may not, and for what cannot be done
        now; a vote has no note."""
        _check(action, request, caller, self.store.policy)
        match action:
            case Action.CANCEL:
                event = SubmissionCancelled(sid=request.sid, by=caller.name, note=note)
                await self.event_log.publish_as(f"run {request.run}", event)
            case Action.RERUN if caller.is_moderator:
                await self._rerun(request, caller, note)
            case Action.RERUN:
                with self.quotas.slot(caller.user, self._board(request)):
                    await self._rerun(request, caller, note)
            case Action.VOTE:
                await self._vote(request, caller.proved_user().name)
            case Action.PROMOTE:
                await self._promote(request, caller, note)

    def _is_allowed(self, action: Action, request: Request, caller: Caller) -> bool:
        try:
            _check(action, request, caller, self.store.policy)
        except Refusal:
            return False
        return True

    def _board(self, request: Request) -> Board:
        if board := self.store.boards.get(request.board):
            return board
        raise _wrong_state(request, "be run again", f"Board {request.board} is no more.")

    async def _rerun(self, request: Request, caller: Caller, note: str) -> None:
        event = SubmissionRerunRequested(
            sid=request.sid, run=request.run + 1, by=caller.name, note=note
        )
        try:
            await self.event_log.publish_once(event)
        except AlreadyPublishedError as taken:
            raise _wrong_state(request, "be run again", "It has been asked for already.") from taken

    async def _vote(self, request: Request, voter: str) -> None:
        # The stream drops a repeat that comes before the view tells of the first.
        if not await self.event_log.publish_as(voter, VoteCast(sid=request.sid, voter=voter)):
            raise _already_voted(voter)

    async def _promote(self, request: Request, caller: Caller, note: str) -> None:
        event = SubmissionPromoted(sid=request.sid, run=request.run, by=caller.name, note=note)
        try:
            await self.event_log.publish_once(event)
        except AlreadyPublishedError as taken:
            raise _wrong_state(request, "be promoted", "It has been promoted already.") from taken


def _check(action: Action, request: Request, caller: Caller, policy: Policy) -> None:
    match action:
        case Action.CANCEL:
            caller.must_be_submitter_or_moderator(request.submitter)
            _must_be_in(request, _UNSETTLED, "be cancelled")
        case Action.RERUN:
            caller.must_be_submitter_or_moderator(request.submitter)
            _must_be_in(request, _SETTLED, "be run again")
            if is_used_up(request) or is_official(request.model.repo_id, policy):
                caller.must_be_moderator()
        case Action.VOTE:
            voter = caller.proved_user().name
            _must_be_in(request, _WAITS, "be voted for")
            if voter in request.voters:
                raise _already_voted(voter)
        case Action.PROMOTE:
            caller.must_be_moderator()
            _must_be_in(request, _WAITS, "be promoted")


def _must_be_in(request: Request, states: Iterable[RequestState], what: str) -> None:
    if request.state not in states:
        possible = ", ".join(states)
        raise _wrong_state(request, what, f"That takes one of these states: {possible}.")


def _already_voted(voter: str) -> Refusal:
    return Refusal(
        ErrorCode.ALREADY_VOTED,
        f"{voter} has voted for this request before.",
        "One vote per user counts; nothing is left to do.",
    )


def _wrong_state(request: Request, what: str, advice: str) -> Refusal:
    return Refusal(
        ErrorCode.WRONG_STATE,
        f"The request is {request.state} (run {request.run}) and cannot {what} now.",
        advice,
        {"state": request.state, "run": request.run},
    )
