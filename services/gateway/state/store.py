"""How everything stands, in memory: a copy of VIEWS, the newest progress of what is validated or
runs, and which evaluators are there."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import msgspec
import structlog
from pydantic import ValidationError

from contracts.base import View
from contracts.board import Board
from contracts.evaluation import EvaluationProgress
from contracts.evaluator import EvaluatorPresence
from contracts.operation import Holds
from contracts.registry import view_class
from contracts.validation import ValidationProgress
from contracts.views import (
    Decision,
    Departed,
    Entry,
    Policy,
    Request,
    RequestState,
    Rescoring,
)
from services.gateway.query.rows import EntryRow
from services.gateway.queue.evaluators import Evaluators
from services.gateway.state.shelf import Shelf
from services.gateway.state.validations import Validations

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Version:
    """Which VIEWS stream was read, and how far. The same text on every gateway."""

    epoch: str
    """Of the stream: one that is created anew has another."""
    sequence: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what `str` cannot have written."""
        epoch, separator, sequence = text.rpartition("-")
        if not (separator and epoch.isalnum() and sequence.isascii() and sequence.isdigit()):
            return None
        return cls(epoch, int(sequence))


@dataclass(frozen=True)
class _Standing:
    """One subject of VIEWS."""

    view: View | None
    """None once it is gone."""
    body: bytes
    sequence: int


@dataclass(frozen=True)
class BoardChanges:
    """What has become of a board's rows."""

    board: Board
    version: Version
    rows: Iterator[tuple[str, EntryRow | None]]
    """By submission id; None for a row that is gone. May be read in a thread."""


@dataclass(frozen=True)
class News:
    """What a listener has not been told yet."""

    start_over: bool
    """Forget everything: what follows is all there is."""
    subjects: frozenset[str]
    progress: frozenset[str]
    """Submissions with newer progress of their evaluation."""
    validations: frozenset[str] = frozenset()
    """Submissions whose validation has come further, or has fallen silent."""
    evaluators: bool = False
    """Whether evaluators came, went, or are at something else."""


class Listener:
    """Collects news for one reader. A subject stands here once, however often it changes, so a
    reader that stopped reading costs no more than the board has rows."""

    def __init__(self, news: News) -> None:
        self._start_over = news.start_over
        self._subjects = set(news.subjects)
        self._progress = set(news.progress)
        self._validations = set(news.validations)
        self._evaluators = news.evaluators
        self._something = asyncio.Event()
        self._something.set()
        self._closed = False

    async def news(self) -> News | None:
        """Waits for something new; None when the store is closed."""
        await self._something.wait()
        if self._closed:
            return None
        news = News(
            self._start_over,
            frozenset(self._subjects),
            frozenset(self._progress),
            frozenset(self._validations),
            self._evaluators,
        )
        self._start_over = self._evaluators = False
        self._subjects.clear()
        self._progress.clear()
        self._validations.clear()
        self._something.clear()
        return news

    def tell(
        self,
        *,
        subject: str | None = None,
        progress: str | None = None,
        validation: str | None = None,
        evaluators: bool = False,
    ) -> None:
        if subject:
            self._subjects.add(subject)
        if progress:
            self._progress.add(progress)
        if validation:
            self._validations.add(validation)
        self._evaluators |= evaluators
        self._something.set()

    def start_over(self) -> None:
        self._subjects.clear()
        self._progress.clear()
        self._validations.clear()
        self._start_over = True
        self._something.set()

    def close(self) -> None:
        self._closed = True
        self._something.set()


class ViewStore:
    def __init__(self) -> None:
        self.version = Version("0", 0)
        self.boards: dict[str, Board] = {}
        self.requests: dict[str, Request] = {}
        """By submission id."""
        self._by_submitter: defaultdict[str | None, dict[str, Request]] = defaultdict(dict)
        self.decisions: dict[int, Decision] = {}
        """By their events' places in EVENTS."""
        self.rescorings: dict[int, Rescoring] = {}
        """Of all boards, by the new definitions' places in EVENTS."""
        self.departed: defaultdict[str, dict[str, Departed]] = defaultdict(dict)
        """Rows that are gone, by board and submission id."""
        self.policy = Policy()
        self.holds = Holds()
        self.progress: dict[str, EvaluationProgress] = {}
        """By submission id, only while it runs."""
        self.moved_at: dict[str, datetime] = {}
        """When that was heard to change."""
        self.validations = Validations()
        self.evaluators = Evaluators()
        self.before_ready: list[Callable[[], Awaitable[None]]] = []
        """What readers wait for besides, once everything that stood in VIEWS has been read."""
        self._standing: dict[str, _Standing] = {}
        """By subject; entries stand on their shelves."""
        self._shelves: defaultdict[str, Shelf] = defaultdict(Shelf)
        """By board."""
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        """Submission ids by board, since `take_changes` was called for it."""
        self._board_sequences: dict[str, int] = {}
        self._listeners: set[Listener] = set()
        self._closed = False

    def body(self, subject: str) -> bytes:
        """As it stood on the bus; empty once it is gone."""
        if standing := self._standing.get(subject):
            return standing.body
        board, sid = _place(subject)
        return self._shelves[board].body(sid)

    def sequence(self, subject: str) -> int:
        """How far VIEWS was read when it changed last."""
        if standing := self._standing.get(subject):
            return standing.sequence
        board, sid = _place(subject)
        return self._shelves[board].sequence(sid)

    def is_about(self, board: str, subject: str) -> bool:
        """Whether readers of one board are told of it. So they are of what is about all boards, and
        of a request that is gone: nothing says any more which board it was for."""
        if standing := self._standing.get(subject):
            view = standing.view
            name = view.name if isinstance(view, Board) else getattr(view, "board", None)
            return name in (board, None)
        return _place(subject)[0] == board

    def with_average(self, subjects: Iterable[str]) -> list[tuple[str, str]]:
        """Of these, the rows that have one; by board and submission id."""
        rows = (_place(subject) for subject in subjects if subject not in self._standing)
        return [(board, sid) for board, sid in rows if self._shelves[board].has_average(sid)]

    def entry(self, board: str, sid: str) -> Entry | None:
        return self._shelves[board].entry(sid)

    def requests_of(self, submitter: str) -> Collection[Request]:
        """However many others there are."""
        return self._by_submitter.get(submitter, {}).values()

    def board_version(self, name: str) -> Version:
        """How far VIEWS was read when the board or one of its rows changed last."""
        return Version(self.version.epoch, self._board_sequences.get(name, 0))

    def take_changes(self, name: str, *, everything: bool) -> BoardChanges:
        """The rows that changed since the last call, or all of them. One caller per board."""
        changed = self._changed.pop(name, set())
        shelf = self._shelves[name]
        rows = shelf.rows(shelf.sids() if everything else changed)
        return BoardChanges(self.boards[name], self.board_version(name), rows)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def begin(self, epoch: str) -> None:
        """Another stream: forget everything that was read from the one before."""
        self.version = Version(epoch, 0)
        self.boards.clear()
        self.requests.clear()
        self._by_submitter.clear()
        self._shelves.clear()
        self.decisions.clear()
        self.rescorings.clear()
        self.departed.clear()
        self.policy = Policy()
        self.holds = Holds()
        self.progress.clear()
        self.moved_at.clear()
        self.validations = Validations()
        self._standing.clear()
        self._changed.clear()
        self._board_sequences.clear()
        for listener in self._listeners:
            listener.start_over()

    def put(self, subject: str, body: bytes, sequence: int) -> None:
        """Take in one message of VIEWS. A body that cannot be read leaves what stood before."""
        self.version = Version(self.version.epoch, sequence)
        cls = view_class(subject)
        if cls is None:
            return
        try:
            if cls is Entry:
                self._put_entry(subject, body, sequence)
            else:
                self._put_view(subject, cls.model_validate_json(body) if body else None, body)
        except (ValidationError, msgspec.DecodeError) as fault:
            log.error("a view cannot be read", subject=subject, error=str(fault))
            return
        for listener in self._listeners:
            listener.tell(subject=subject)

    def _put_entry(self, subject: str, body: bytes, sequence: int) -> None:
        board, sid = _place(subject)
        self._shelves[board].put(sid, body, sequence)
        self._changed[board].add(sid)
        self._board_sequences[board] = sequence

    def _put_view(self, subject: str, view: View | None, body: bytes) -> None:
        before = self._standing.get(subject)
        if before and before.view and view is None:
            self._remove(before.view)
        self._standing[subject] = _Standing(view, body, self.version.sequence)
        if view:
            self._keep(view)

    def _keep(self, view: View) -> None:
        match view:
            case Board():
                self.boards[view.name] = view
                self._board_sequences[view.name] = self.version.sequence
            case Decision():
                self.decisions[view.sequence] = view
            case Rescoring():
                self.rescorings[view.sequence] = view
                self._board_sequences[view.board] = self.version.sequence
            case Departed():
                self.departed[view.board][view.sid] = view
                self._board_sequences[view.board] = self.version.sequence
            case Policy():
                self.policy = view
            case Holds():
                self.holds = view
            case Request():
                self._keep_request(view)
                progress = self.progress.get(view.sid)
                if progress and not _is_about(progress, view):
                    del self.progress[view.sid]
                    self.moved_at.pop(view.sid, None)
                validation = self.validations.get(view.sid)
                if validation and not _is_validation_of(validation, view):
                    self.validations.forget(view.sid)

    def _keep_request(self, request: Request) -> None:
        if before := self.requests.get(request.sid):
            del self._by_submitter[before.submitter][before.sid]
        self.requests[request.sid] = request
        self._by_submitter[request.submitter][request.sid] = request

    def _remove(self, view: View) -> None:
        match view:
            case Board():
                self.boards.pop(view.name, None)
            case Decision():
                self.decisions.pop(view.sequence, None)
            case Rescoring():
                self.rescorings.pop(view.sequence, None)
            case Departed():
                self.departed[view.board].pop(view.sid, None)
            case Policy():
                self.policy = Policy()
            case Holds():
                self.holds = Holds()
            case Request():
                if gone := self.requests.pop(view.sid, None):
                    del self._by_submitter[gone.submitter][gone.sid]
                self.progress.pop(view.sid, None)
                self.moved_at.pop(view.sid, None)
                self.validations.forget(view.sid)

    def put_progress(self, progress: EvaluationProgress) -> None:
        """Kept only for what runs, by its newest attempt: anything else would pile up."""
        request = self.requests.get(progress.sid)
        if request is None or not _is_about(progress, request):
            return
        if progress != self.progress.get(progress.sid):
            self.moved_at[progress.sid] = datetime.now(UTC)
        self.progress[progress.sid] = progress
        for listener in self._listeners:
            listener.tell(progress=progress.sid)

    def put_validation(self, progress: ValidationProgress) -> None:
        """Kept only for what has no verdict yet."""
        request = self.requests.get(progress.sid)
        if request is None or not _is_validation_of(progress, request):
            return
        if self.validations.hear(progress):
            self._tell_of_validation(progress.sid)

    def put_presence(self, presence: EvaluatorPresence) -> None:
        self._tell_of_evaluators(self.evaluators.hear(presence))

    def listened(self, seconds: float) -> None:
        """So much time has passed with NATS in reach: who was not heard is gone."""
        self._tell_of_evaluators(self.evaluators.listened(seconds))
        for sid in self.validations.listened(seconds):
            self._tell_of_validation(sid)

    def _tell_of_validation(self, sid: str) -> None:
        for listener in self._listeners:
            listener.tell(validation=sid)

    def _tell_of_evaluators(self, is_news: bool) -> None:
        if is_news:
            for listener in self._listeners:
                listener.tell(evaluators=True)

    # ── listening ────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def listen(self, since: Version | None) -> Iterator[Listener]:
        """News from `since` on; from the beginning when that was another stream."""
        known = since if since and since.epoch == self.version.epoch else None
        listener = Listener(
            News(
                start_over=known is None,
                subjects=frozenset(self._changed_since(known.sequence if known else 0)),
                progress=frozenset(self.progress),
                validations=frozenset(self.validations.sids()),
                evaluators=known is None,
            )
        )
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def _changed_since(self, sequence: int) -> Iterator[str]:
        """Subjects, of what is gone too."""
        for subject, standing in self._standing.items():
            if standing.sequence > sequence:
                yield subject
        for board, shelf in self._shelves.items():
            for sid in shelf.changed_since(sequence):
                yield f"{Entry.type_name()}.{board}.{sid}"

    async def reached(self, version: Version) -> None:
        """Waits until as much has been read as the gateway that gave out `version` had. Returns at
        once for a version of another stream."""
        with self.listen(self.version) as listener:
            while self.version.epoch == version.epoch and self.version.sequence < version.sequence:
                if await listener.news() is None:
                    return

    def close(self) -> None:
        """Ends every listener, so that connections that never end do not outlive the process."""
        self._closed = True
        for listener in self._listeners:
            listener.close()


def _is_about(progress: EvaluationProgress, request: Request) -> bool:
    return (
        request.state is RequestState.RUNNING
        and progress.run == request.run
        and progress.attempt >= request.attempt
    )


def _is_validation_of(progress: ValidationProgress, request: Request) -> bool:
    return request.state is RequestState.RECEIVED and progress.run == request.run


def _place(subject: str) -> tuple[str, str]:
    """Board and submission id of an entry."""
    _, board, sid = subject.rsplit(".", 2)
    return board, sid
