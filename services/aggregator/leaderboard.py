"""Everything that has happened, in memory, and every view that follows from it."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, get_args

import structlog

from contracts.base import View
from contracts.board import Board, BoardDefined
from contracts.evaluation import EvaluationStarted, EvaluationTaskScored
from contracts.imports import ResultsImported, RowImported
from contracts.moderation import ModelRenamed, ProviderNamed, ProviderWithdrawn
from contracts.registry import EVENT_TYPES
from contracts.submission import SubmissionAccepted, SubmissionReceived
from contracts.views import Departed, Entry, Request
from services.aggregator.copies import Copies
from services.aggregator.facts import Fact, earlier_than, with_fact
from services.aggregator.fold import Submission
from services.aggregator.moderation import (
    ModelDecision,
    Moderation,
    OtherDecision,
    about,
    decision,
)
from services.aggregator.names import Names
from services.aggregator.normalization import scoring_version
from services.aggregator.packing import Packer, as_text, from_text
from services.aggregator.past import Past, definition_by, definitions_of, happened_by
from services.aggregator.promotion import Promotion
from services.aggregator.rescoring import (
    Change,
    NewDefinition,
    Pair,
    changes,
    new_definition,
    rescoring,
)
from services.aggregator.showing import Around, Fault, Shown, row, show
from services.aggregator.snapshots import NOTHING, Kept, State
from services.aggregator.submissions import AT_HAND, Submissions
from services.aggregator.views import Views

log = structlog.get_logger(__name__)

_NEW = Submission()
# After these something more is to come, so nobody need look whether it is settled.
_UNDER_WAY = (SubmissionAccepted, EvaluationStarted, EvaluationTaskScored)
_NAMING = (SubmissionReceived, RowImported, ResultsImported)
_OF_A_SUBMISSION = {kind for kind in EVENT_TYPES if "sid" in kind.model_fields} - {
    *get_args(ModelDecision),
    *get_args(OtherDecision),
}


class Leaderboard:
    """Two that took the same events have the same views, byte for byte."""

    def __init__(
        self, boards: Mapping[str, Board], state: State = NOTHING, *, at_hand: int = AT_HAND
    ) -> None:
        """Goes on from `state`, which one with the same boards has left. `at_hand` is how many
        settled submissions are kept as they are; the others are packed."""
        self._boards = boards
        self._scoring_versions = {name: scoring_version(board) for name, board in boards.items()}
        self._before_sid = [
            Request.subject_filter(sid=""),
            *(
                kind.subject_filter(board=board, sid="")
                for board in boards
                for kind in (Entry, Departed)
            ),
        ]
        """What the subjects of a submission's views begin with."""
        packed = {sid: kept.packed for sid, kept in state.submissions.items()}
        self._submissions = Submissions(Packer(state.dictionaries), packed, at_hand)
        self._moderation = Moderation(from_text(state.moderation))
        self._definitions = from_text(state.definitions)
        self._copies = Copies(self._submissions, state.weights)
        self._names = Names()
        self._stale: dict[str, None] = {}
        self.position = state.position
        """Place in EVENTS of the newest event that was taken."""
        self.views = Views(self._view_again)
        """What should stand in VIEWS, by subject. Current after `render`."""
        self.promotions: dict[str, Promotion] = {}
        """What should be in the high lane and is not yet, by submission. Current after `render`."""
        self.faults: dict[str, Fault] = {}
        """Why submissions are set apart, by id. Current after `render`."""
        for board in boards.values():
            self._keep(board)
        for fact in self._moderation.facts.values():
            self._keep(decision(fact))
        for view in self._moderation.standing_views:
            self._keep(view)
        for subject, body in state.rescorings.items():
            self.views.keep(subject, body.encode())
        for sid, kept in state.submissions.items():
            self._restore(sid, kept)

    def _restore(self, sid: str, kept: Kept) -> None:
        for subject, digest in kept.views.items():
            self.views.digests[subject] = bytes.fromhex(digest)
        if kept.named:
            self._names.put(sid, kept.named, self._moderation)
        if not kept.is_current:
            self._submissions.put(sid, self._submissions[sid])
            self._stale[sid] = None

    def state(self) -> State:
        """All there is to know, for another that goes on from here."""
        views: dict[str, dict[str, str]] = {sid: {} for sid in self._submissions}
        for subject, digest in self.views.digests.items():
            sid = _sid(subject)
            if sid in views:
                views[sid][subject] = digest.hex()
        at_hand = self._submissions.at_hand
        submissions = {
            sid: Kept(
                packed,
                self._names.first(sid),
                views[sid],
                # Whoever goes on from here has to find a fault as well, to tell of it.
                is_current=not (sid in at_hand or sid in self._stale or sid in self.faults),
            )
            for sid, packed in self._submissions.all_packed()
        }
        return State(
            self.position,
            as_text(self._moderation.facts),
            as_text(self._definitions),
            {
                change.subject: self.views[change.subject].decode()
                for change in changes(self._definitions)
                if change.subject in self.views
            },
            tuple(self._submissions.dictionaries),
            self._copies.weights,
            submissions,
        )

    @property
    def unsettled(self) -> Collection[Submission]:
        """Those that something has still to become of, and some others."""
        return self._submissions.at_hand.values()

    def submission(self, sid: str) -> Submission | None:
        """Also what has ended long ago; None for what was never heard of."""
        return self._submissions.get(sid)

    def take(self, fact: Fact[Any]) -> None:
        self.position = max(self.position, fact.sequence)
        if type(fact.event) in _OF_A_SUBMISSION:
            self._happen(fact, fact.event.sid)
            return
        match fact.event:
            case ModelRenamed() as event:
                self._moderate(fact, (event.repo_id, event.new_repo_id))
            case event if isinstance(event, ModelDecision):
                self._moderate(fact, (about(event),))
            case ProviderNamed() | ProviderWithdrawn() as event:
                self._moderate(fact, self._names.by(event.organisation))
            case event if isinstance(event, OtherDecision):
                self._moderate(fact, ())
            case BoardDefined() as event:
                self._definitions = with_fact(self._definitions, fact)
                if len(definitions_of(event.board, self._definitions)) > 1:
                    # Every row on it may have had another average until then.
                    self._stale.update(dict.fromkeys(self._submissions))

    def _happen(self, fact: Fact[Any], sid: str) -> None:
        submission = self._submissions.get(sid, _NEW).after(fact)
        is_under_way = isinstance(fact.event, _UNDER_WAY)
        self._submissions.put(sid, submission, is_under_way=is_under_way)
        self._stale[sid] = None
        if isinstance(fact.event, _NAMING) and submission.named:
            self._names.put(sid, submission.named, self._moderation)
        if isinstance(fact.event, SubmissionReceived | SubmissionAccepted):
            self._copies.take(sid)
            self._stale.update(dict.fromkeys(self._copies.after(sid)))
        # While a long log is read, not all of it can be kept until the end.
        for settled in self._submissions.settled():
            if settled in self._stale:
                self._show(settled)
            self._submissions.pack(settled)

    def render(self) -> Iterator[str]:
        """Bring `views` up to date, yielding the id of each submission that was rendered."""
        while self._stale:
            sid = next(iter(self._stale))
            self._show(sid)
            yield sid

    def rescore(self) -> Iterator[str]:
        """Find out what each new definition has done to the rows, yielding the id of each
        submission that was looked at."""
        for change in self._unmeasured:
            yield from self._rescore(change)

    @property
    def awaited(self) -> frozenset[str]:
        """Subjects of the views that `rescore` will make, and of those that nothing can be said
        about: what stands there says more than nothing."""
        silent = [sid for sid, fault in self.faults.items() if not fault.before]
        return frozenset(
            [change.subject for change in self._unmeasured]
            + [subject for sid in silent for subject in self._subjects(sid)]
        )

    @property
    def _unmeasured(self) -> list[Change]:
        return [each for each in changes(self._definitions) if each.subject not in self.views]

    def past(self, name: str, at: datetime) -> Past | None:
        """A board as it was, by what is known now; None for one that is not known."""
        board = self._boards.get(name)
        if board is None:
            return None
        then = definition_by(self._definitions, board, at)
        return Past(then, self._entries_by(then, at))

    def _entries_by(self, board: Board, at: datetime) -> Iterator[Entry | None]:
        moderation = Moderation(happened_by(self._moderation.facts, at))
        versions = {board.name: scoring_version(board)}
        around = Around({board.name: board}, versions, moderation, self._copies)
        for sid in list(self._submissions):
            submission = Submission(happened_by(self._submissions[sid].facts, at))
            yield row(sid, submission, around) if submission.board == board.name else None

    def new_definitions(self) -> Iterator[NewDefinition]:
        """Those of the boards that score otherwise than the last ones in EVENTS."""
        for name, board in self._boards.items():
            version = self._scoring_versions[name]
            if due := new_definition(self._definitions, board, version):
                yield due

    def _moderate(self, fact: Fact[Any], names: Collection[str]) -> None:
        """`names` are those of the repositories that it concerns."""
        before, self._moderation = self._moderation, self._moderation.after(fact)
        if self._moderation is before:
            return
        self._keep(decision(fact))
        for view in self._moderation.standing_views:
            self._keep(view)
        if fact.sequence < self.position:
            # Decisions since then, renames above all, may have been read otherwise.
            concerned = list(self._submissions)
            self._names.renamed(self._moderation)
        else:
            concerned = list(self._names.of(names))
            if isinstance(fact.event, ModelRenamed):
                self._names.renamed(self._moderation, fact.event.repo_id)
                concerned += self._names.of(names)
        for sid in concerned:
            self._stale[sid] = None
            self._stale.update(dict.fromkeys(self._copies.after(sid)))

    def _show(self, sid: str) -> None:
        del self._stale[sid]
        shown = self._shown(sid)
        if shown.promotion:
            self.promotions[sid] = shown.promotion
        else:
            self.promotions.pop(sid, None)
        if shown.fault:
            self.faults[sid] = shown.fault
        else:
            self.faults.pop(sid, None)
        for problem in shown.problems:
            log.warning("a view is incomplete", sid=sid, problem=problem)
        for subject in self._subjects(sid):
            if subject not in shown.views:
                self.views.pop(subject)
        for subject, body in shown.views.items():
            self.views.put(subject, body)

    def _shown(self, sid: str) -> Shown:
        around = Around(
            self._boards,
            self._scoring_versions,
            self._moderation,
            self._copies,
            self._definitions,
        )
        return show(self._submissions[sid], around)

    def _view_again(self, subject: str) -> Mapping[str, bytes]:
        return self._shown(_sid(subject)).views

    def _subjects(self, sid: str) -> list[str]:
        """Of all views that there may be of a submission."""
        return [before_sid + sid for before_sid in self._before_sid]

    def _rescore(self, change: Change) -> Iterator[str]:
        """From what stood in EVENTS when the definition changed, whatever has happened since."""
        then = change.new.sequence
        moderation = Moderation(earlier_than(self._moderation.facts, then))
        name = change.new.event.board
        old, new = (
            Around({name: definition.event.definition}, {}, moderation, Copies({}))
            for definition in (change.old, change.new)
        )
        pairs: list[Pair] = []
        for sid in list(self._submissions):
            submission = Submission(earlier_than(self._submissions[sid].facts, then))
            if submission.board == name and (
                pair := Pair.of(row(sid, submission, old), row(sid, submission, new))
            ):
                pairs.append(pair)
            yield sid
        self._keep(rescoring(change, pairs))

    def _keep(self, view: View) -> None:
        self.views.keep(view.subject(), view.model_dump_json().encode())


def _sid(subject: str) -> str:
    return subject.rpartition(".")[2]
