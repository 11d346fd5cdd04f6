"""Rows of a board: those that were evaluated here, and those that were taken over from another."""

from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Any

from contracts.board import Board
from contracts.models import ListedModel, ModelType, SubmissionId
from contracts.moderation import ModelUnflagged
from contracts.views import Entry, Flag, Origin, TaskScore
from services.aggregator.fold import Run, Submission
from services.aggregator.imports import Imported
from services.aggregator.moderation import Standing
from services.aggregator.normalization import mean_of_tasks
from services.aggregator.uncertainty import of_mean

_DESCRIPTION = (
    *("architecture", "license", "parameters", "base_models", "generation", "is_merge"),
    "is_mixture_of_experts",
)


@dataclass(frozen=True)
class Place:
    """What a row's surroundings make of it, whoever has scored it."""

    repo_id: str
    """Today's name."""
    standing: Standing
    is_official: bool
    originals: tuple[str, ...]
    """The models whose weights it has."""


@dataclass(frozen=True)
class Row:
    """Scores of one model, and who says what it is."""

    sid: SubmissionId
    model: ListedModel
    model_type: ModelType
    cells: dict[str, TaskScore]
    """By task id, in the board's order; at least one."""
    description: dict[str, Any]
    """What the model is made of, by the names of the entry's fields."""
    origin: Origin
    source: str
    run: int
    seconds: float
    co2_kg: float | None
    submitted_at: datetime | None
    updated_at: datetime

    def average(self, board: Board) -> float | None:
        """None while a task is outstanding."""
        if any(task.id not in self.cells for task in board.tasks):
            return None
        return mean_of_tasks(cell.normalized for cell in self.cells.values())

    def entry(
        self, board: Board, scoring_version: str, place: Place, imported: Imported | None
    ) -> Entry:
        """`imported` knows things about the repository that no evaluation tells."""
        scores = self.cells.values()
        outstanding = tuple(task.id for task in board.tasks if task.id not in self.cells)
        listed = imported.row.event if imported and imported.row else None
        return Entry(
            board=board.name,
            sid=self.sid,
            repo_id=place.repo_id,
            model=self.model,
            model_type=self.model_type,
            **self.description,
            scores=self.cells,
            average=self.average(board),
            average_stderr=None if outstanding else of_mean([cell.stderr for cell in scores]),
            provisional=bool(outstanding),
            outstanding=outstanding,
            run=self.run,
            seconds=self.seconds,
            updated_at=self.updated_at,
            board_version=board.version,
            scoring_version=scoring_version,
            flag=_flag(place.standing, imported),
            same_weights_as=place.originals,
            origin=self.origin,
            source=self.source,
            submitted_at=self.submitted_at,
            co2_kg=self.co2_kg,
            is_official=place.is_official or (listed.is_official if listed else False),
            is_available=listed.is_available if listed else True,
            likes=listed.likes if listed else None,
            uploaded_at=listed.uploaded_at if listed else None,
        )


def evaluated(submission: Submission, run: Run, cells: dict[str, TaskScore]) -> Row | None:
    """None before the first score, and when no event says what the model is made of."""
    received, job = submission.received, run.accepted or submission.accepted
    if received is None or job is None or not cells:
        return None
    return Row(
        sid=received.event.sid,
        model=received.event.model,
        model_type=received.event.model_type,
        cells=cells,
        description={name: getattr(job, name) for name in _DESCRIPTION},
        origin=Origin.EVALUATED,
        source="",
        run=run.number,
        seconds=fsum(cell.seconds for cell in cells.values()),
        co2_kg=_emissions(cells),
        submitted_at=received.at,
        updated_at=max(run.scored[task].at for task in cells),
    )


def taken_over(imported: Imported, cells: dict[str, TaskScore]) -> Row | None:
    """None when the import has no score that this board can use."""
    if not cells:
        return None
    listed = imported.row.event if imported.row else None
    results = imported.results.event if imported.results else None
    request = imported.request.event if imported.request else None
    newest = imported.newest
    description: dict[str, Any] = (
        {name: getattr(listed, name) for name in _DESCRIPTION}
        if listed
        else {
            "architecture": "",
            "license": "",
            "parameters": results.parameters if results else 0,
        }
    )
    submitted_at = listed.submitted_at if listed else None
    typed = listed or request
    return Row(
        sid=newest.event.sid,
        model=newest.event.model,
        model_type=typed.model_type if typed else ModelType.OTHER,
        cells=cells,
        description=description,
        origin=Origin.IMPORTED,
        source=newest.event.source,
        run=0,
        seconds=results.seconds if results else 0,
        co2_kg=listed.co2_kg if listed else None,
        # A request knows the second, a table the day.
        submitted_at=request.submitted_at if request else submitted_at,
        updated_at=newest.at,
    )


def _flag(standing: Standing, imported: Imported | None) -> Flag | None:
    """A moderator's word here outweighs the one that was imported."""
    if standing.flag or not imported or not imported.row or not imported.row.event.is_flagged:
        return standing.flag
    if any(isinstance(fact.event, ModelUnflagged) for fact in standing.facts):
        return None
    return Flag(
        reason=f"It was flagged on {imported.row.event.source}.",
        link=None,
        at=imported.row.at,
    )


def _emissions(cells: dict[str, TaskScore]) -> float | None:
    """Of all tasks together; None when that of one is unknown."""
    energies = [cell.provenance.energy if cell.provenance else None for cell in cells.values()]
    known = [energy.co2_kg for energy in energies if energy]
    return fsum(known) if len(known) == len(cells) else None
