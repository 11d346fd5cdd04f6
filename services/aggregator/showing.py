"""What is shown of a submission, whatever its events say.

A fault of ours costs no other submission its place: the one that it concerns is set apart. It is
shown as it stood before the event that brought the fault, which follows from EVENTS alone, until a
later event or a mended version heals it."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from contracts.board import Board
from contracts.views import Entry, Unshown
from runtime.bus import in_words
from services.aggregator.copies import Copies
from services.aggregator.course import Course
from services.aggregator.facts import Fact, Facts, in_stream_order
from services.aggregator.faults import attempt
from services.aggregator.fold import Submission
from services.aggregator.moderation import Moderation
from services.aggregator.promotion import Promotion, promotion
from services.aggregator.render import Rendered, render

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Around:
    """What a submission's views depend on beside its own events."""

    boards: Mapping[str, Board]
    scoring_versions: Mapping[str, str]
    """By board."""
    moderation: Moderation
    copies: Copies
    definitions: Facts = field(default_factory=dict)
    """That boards have had; what is not shown now needs none."""


@dataclass(frozen=True)
class Fault:
    error: Exception
    fact: Fact[Any]
    """The event that brought it."""
    before: int
    """How many of the submission's events are shown."""


@dataclass(frozen=True)
class Shown:
    views: Mapping[str, bytes] = field(default_factory=dict)
    """Bodies by subject."""
    problems: tuple[str, ...] = ()
    """Why something is missing from them, for the log."""
    promotion: Promotion | None = None
    """None also for a submission that is set apart: what it waits for cannot be told."""
    fault: Fault | None = None
    """Why it is set apart."""


def show(submission: Submission, around: Around) -> Shown:
    whole = attempt(lambda: _shown(submission, around))
    if isinstance(whole, Shown):
        return whole
    facts = in_stream_order(submission.facts)

    def first(count: int) -> Submission:
        return Submission({fact.id: fact for fact in facts[:count]})

    def has_fault(count: int) -> bool:
        return isinstance(attempt(lambda: _shown(first(count), around)), Exception)

    # By halves: somebody may have ten thousand votes.
    good = bisect_left(range(1, len(facts)), True, key=has_fault)
    fault = Fault(whole, facts[good], good)
    mark = Unshown(since=fault.fact.at, event_id=fault.fact.id)
    before = attempt(lambda: _shown(first(good), around, mark))
    return Shown(views=before.views if isinstance(before, Shown) else {}, fault=fault)


def row(sid: str, submission: Submission, around: Around) -> Entry | None:
    """By another definition or on another day. One that cannot be rendered is left out."""
    rendered = attempt(lambda: _rendered(submission, around))
    if isinstance(rendered, Exception):
        # Whoever asks for the past may ask often: no stack for each row.
        log.warning("a row cannot be rendered and is left out", sid=sid, error=in_words(rendered))
        return None
    return rendered.entry


def _shown(submission: Submission, around: Around, mark: Unshown | None = None) -> Shown:
    rendered = _rendered(submission, around, mark)
    board = around.boards.get(submission.board or "")
    course = Course(submission, board, around.definitions, around.moderation) if board else None
    views = (rendered.request, course.told(rendered.entry) if course else None)
    return Shown(
        views={view.subject(): view.model_dump_json().encode() for view in views if view},
        problems=rendered.problems,
        promotion=promotion(submission, board) if board else None,
    )


def _rendered(submission: Submission, around: Around, mark: Unshown | None = None) -> Rendered:
    board = around.boards.get(submission.board or "")
    return render(
        submission,
        board,
        around.moderation,
        originals=around.copies.originals(submission, around.moderation),
        scoring_version=around.scoring_versions.get(board.name, "") if board else "",
        unshown=mark,
    )
