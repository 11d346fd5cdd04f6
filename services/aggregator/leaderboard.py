"""Everything that has happened, in memory, and every view that follows from it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import structlog

from contracts.base import View
from contracts.board import Board, BoardDefined
from contracts.moderation import ModelRenamed, ProviderNamed, ProviderWithdrawn
from contracts.submission import SubmissionAccepted, SubmissionReceived
from contracts.views import Entry
from services.aggregator.copies import Copies
from services.aggregator.facts import Fact
from services.aggregator.fold import Submission
from services.aggregator.moderation import (
    ModelDecision,
    Moderation,
    OtherDecision,
    about,
    decision,
)
from services.aggregator.normalization import scoring_version
from services.aggregator.promotion import Promotion, promotion
from services.aggregator.render import render

log = structlog.get_logger(__name__)


class Leaderboard:
    """Two that took the same events have the same views, byte for byte."""

    def __init__(self, boards: Mapping[str, Board]) -> None:
        self._boards = boards
        self._scoring_versions = {name: scoring_version(board) for name, board in boards.items()}
        self._submissions: dict[str, Submission] = {}
        self._moderation = Moderation()
        self._copies = Copies(self._submissions)
        self._stale: dict[str, None] = {}
        self.position = 0
        """Place in EVENTS of the newest event that was taken."""
        self.views: dict[str, bytes] = {}
        """What should stand in VIEWS, by subject. Current after `render`."""
        self.promotions: dict[str, Promotion] = {}
        """What should be in the high lane and is not yet, by submission. Current after `render`."""
        for board in boards.values():
            self._put(board)

    @property
    def submissions(self) -> Collection[Submission]:
        return self._submissions.values()

    def take(self, fact: Fact[Any]) -> None:
        self.position = max(self.position, fact.sequence)
        match fact.event:
            case ModelRenamed() as event:
                names = {event.repo_id, event.new_repo_id}
                self._moderate(fact, lambda repo_id: repo_id in names)
            case event if isinstance(event, ModelDecision):
                self._moderate(fact, lambda repo_id: repo_id == about(event))
            case ProviderNamed() | ProviderWithdrawn() as event:
                organisation = event.organisation.casefold()
                self._moderate(
                    fact, lambda repo_id: repo_id.partition("/")[0].casefold() == organisation
                )
            case event if isinstance(event, OtherDecision):
                self._moderate(fact, lambda repo_id: False)
            case BoardDefined():
                pass
            case event:
                sid = event.sid
                self._submissions[sid] = self._submissions.get(sid, Submission()).after(fact)
                self._stale[sid] = None
                if isinstance(event, SubmissionReceived | SubmissionAccepted):
                    self._copies.take(sid)
                    self._stale.update(dict.fromkeys(self._copies.after(sid)))

    def render(self) -> Iterator[str]:
        """Bring `views` up to date, yielding the id of each submission that was rendered."""
        while self._stale:
            sid = next(iter(self._stale))
            del self._stale[sid]
            try:
                self._render(sid, self._submissions[sid])
            except (ArithmeticError, ValueError):
                # A score beyond all floats, say. EVENTS keeps it for ever, and so it must cost no
                # other submission its place.
                log.exception("a submission cannot be shown; its views stay as they are", sid=sid)
            yield sid

    def _moderate(self, fact: Fact[Any], concerns: Callable[[str], bool]) -> None:
        before, self._moderation = self._moderation, self._moderation.after(fact)
        if self._moderation is before:
            return
        self._put(decision(fact))
        if self._moderation.policy:
            self._put(self._moderation.policy)
        for sid, submission in self._submissions.items():
            if (named := submission.named) and (
                concerns(before.name_today(*named)) or concerns(self._moderation.name_today(*named))
            ):
                self._stale[sid] = None
                self._stale.update(dict.fromkeys(self._copies.after(sid)))

    def _render(self, sid: str, submission: Submission) -> None:
        board = self._boards.get(submission.board or "")
        promoted = promotion(submission, board) if board else None
        if promoted:
            self.promotions[sid] = promoted
        else:
            self.promotions.pop(sid, None)
        originals = self._copies.originals(submission, self._moderation)
        rendered = render(
            submission,
            board,
            self._moderation,
            originals=originals,
            scoring_version=self._scoring_versions[board.name] if board else "",
        )
        for problem in rendered.problems:
            log.warning("a view is incomplete", sid=sid, problem=problem)
        if rendered.request:
            self._put(rendered.request)
        if rendered.entry:
            self._put(rendered.entry)
        elif board:
            self.views.pop(Entry.subject_filter(board=board.name, sid=sid), None)

    def _put(self, view: View) -> None:
        self.views[view.subject()] = view.model_dump_json().encode()
