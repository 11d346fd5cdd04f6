"""What happened to a model, in sentences. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.views import Request
from services.gateway.boards.views import BoardEntry
from services.gateway.formatting import is_web_link
from services.gateway.models.rank_chart import told
from services.gateway.models.ranks import Point, Why
from services.gateway.models.routes import Found
from services.gateway.views import request_history

_MOST_STEPS = 60


@dataclass(frozen=True)
class Step:
    at: datetime
    sentence: str
    about: str
    """Which of several requests."""
    address: str | None = None
    """Where there is more about it."""
    is_outside: bool = False
    """Whether that is somebody else's."""


@dataclass(frozen=True)
class Moved:
    """One of its rows, and how its rank went."""

    board: str
    entry: BoardEntry
    points: Sequence[Point]
    """The oldest first."""


def steps(found: Found, row: Moved | None) -> list[Step]:
    """The newest last, as everywhere else."""
    told_steps = [
        Step(line.at, line.sentence, _about(request), f"/requests/{request.sid}")
        for request in found.requests
        for line in request_history(request)
        if not line.what.startswith("moderation.")
    ]
    told_steps += [
        Step(
            one.at,
            _decided(one.what, one.new_repo_id, one.reason),
            "",
            one.link if is_web_link(one.link) else None,
            is_outside=True,
        )
        for one in found.decisions
    ]
    if row and not found.requests:
        told_steps += _before_here(row.entry)
    if row:
        told_steps += _moves(row)
    return sorted(told_steps, key=lambda step: step.at)[-_MOST_STEPS:]


def _moves(row: Moved) -> Iterator[Step]:
    """What the row itself did on the board."""
    for before, point in zip((None, *row.points), row.points, strict=False):
        if point.why is Why.OTHERS:
            continue
        sentence = told(point, before)
        if point.rank:
            was = before.rank if before else None
            earlier = f", before {was:,}" if was and was != point.rank else ""
            sentence += f" Rank {point.rank:,} of {point.of:,}{earlier}."
        is_rescored = point.why is Why.RESCORED
        address = f"/boards/{row.board}/rescorings" if is_rescored else "#insight-ranks"
        yield Step(point.at, sentence, row.entry.precision, address)


def _before_here(entry: BoardEntry) -> Iterator[Step]:
    """Of a model that nobody submitted here."""
    if entry.uploaded_at:
        yield Step(entry.uploaded_at, "The repository was made on the Hub.", "")
    if entry.submitted_at:
        yield Step(entry.submitted_at, "Submitted.", "")
    if entry.source:
        yield Step(entry.updated_at, f"Its scores were imported from {entry.source}.", "")


def _about(request: Request) -> str:
    return f"{request.board}, {request.model.precision}"


def _decided(what: str, new_name: str | None, reason: str) -> str:
    phrase = what.replace("-", " ").replace("_", " ").capitalize()
    if new_name:
        return f"{phrase} to {new_name}."
    return f"{phrase}: {reason}" if reason else f"{phrase}."
