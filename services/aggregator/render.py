"""From a submission's state to its two views."""

from dataclasses import dataclass
from math import fsum

from contracts.board import Board
from contracts.submission import SubmissionReceived
from contracts.views import Entry, Failure, Request, TaskProgress, TaskScore
from services.aggregator.facts import Fact
from services.aggregator.fold import Run, Submission
from services.aggregator.history import history
from services.aggregator.moderation import Moderation, Standing
from services.aggregator.normalization import (
    IncomputableScoreError,
    mean_of_tasks,
    score_task,
    scoring_version,
)
from services.aggregator.uncertainty import of_mean


@dataclass(frozen=True)
class Rendered:
    request: Request | None = None
    entry: Entry | None = None
    problems: tuple[str, ...] = ()
    """Why something is missing from the views, for the log."""


def render(
    submission: Submission,
    board: Board | None,
    moderation: Moderation,
    originals: tuple[str, ...] = (),
) -> Rendered:
    """`board` is None when the definition is gone; its submissions then have no tasks or scores.
    `originals` are the models whose weights it has."""
    received = submission.received
    if received is None:
        return Rendered(problems=("its submission.received is missing",))
    name = moderation.name_today(received.event.model.repo_id, since=received.sequence)
    standing = moderation.standing(name)
    if board is None:
        request = _request(received, submission, None, {}, standing, originals)
        problem = f"board {received.event.board!r} has no definition"
        return Rendered(request=request, problems=(problem,))

    scores = {run.number: _Scores.of(run, board) for run in submission.runs}
    # A re-run replaces the scores once it has as many: an entry never falls back to a few.
    best = max(submission.runs, key=lambda run: (len(scores[run.number].cells), run.number))
    problems = tuple(problem for each in scores.values() for problem in each.problems)
    return Rendered(
        request=_request(
            received, submission, board, scores[submission.run.number].cells, standing, originals
        ),
        entry=None
        if standing.removed
        else _entry(
            received, submission, board, best, scores[best.number].cells, name, standing, originals
        ),
        problems=problems,
    )


@dataclass(frozen=True)
class _Scores:
    cells: dict[str, TaskScore]
    """By task id, in the board's order."""
    problems: tuple[str, ...]

    @classmethod
    def of(cls, run: Run, board: Board) -> "_Scores":
        cells: dict[str, TaskScore] = {}
        problems: list[str] = []
        for task in board.tasks:
            if task.id in run.scored:
                try:
                    cells[task.id] = score_task(task, run.scored[task.id].event, board.limit)
                except IncomputableScoreError as fault:
                    problems.append(f"run {run.number}: {fault}")
        return cls(cells, tuple(problems))


def _request(
    received: Fact[SubmissionReceived],
    submission: Submission,
    board: Board | None,
    cells: dict[str, TaskScore],
    standing: Standing,
    originals: tuple[str, ...],
) -> Request:
    run = submission.run
    event, job, failed = received.event, run.accepted or submission.accepted, run.failed
    facts = [*submission.facts.values(), *standing.facts]
    return Request(
        sid=event.sid,
        board=event.board,
        model=event.model,
        model_type=event.model_type,
        requested_revision=event.requested_revision,
        submitter=event.submitter,
        state=submission.state,
        received_at=received.at,
        updated_at=max(fact.at for fact in facts),
        run=run.number,
        attempt=run.attempt,
        tier=job.tier if job else None,
        lane=job.lane if job else None,
        parameters=job.parameters if job else None,
        evaluator=run.started.evaluator if run.started else None,
        reasons=submission.rejected.reasons if submission.rejected else (),
        warnings=job.warnings if job else (),
        failure=Failure(cause=failed.cause, reason=failed.reason, log_tail=failed.log_tail)
        if failed
        else None,
        tasks=_progress(run, board, cells) if board and run.accepted else (),
        votes=len(submission.voters),
        voters=tuple(sorted(submission.voters)),
        promoted=run.is_promoted,
        history=history(facts),
        delay=submission.delay,
        same_weights_as=originals,
    )


def _progress(run: Run, board: Board, cells: dict[str, TaskScore]) -> tuple[TaskProgress, ...]:
    return tuple(
        TaskProgress(
            task=task.id,
            scored_at=run.scored[task.id].at,
            seconds=cells[task.id].seconds,
            score=cells[task.id].normalized,
        )
        if task.id in cells
        else TaskProgress(task=task.id)
        for task in board.tasks
    )


def _entry(
    received: Fact[SubmissionReceived],
    submission: Submission,
    board: Board,
    run: Run,
    cells: dict[str, TaskScore],
    repo_id: str,
    standing: Standing,
    originals: tuple[str, ...],
) -> Entry | None:
    """None before the first score, and when no event says what the model is made of."""
    job = run.accepted or submission.accepted
    if not cells or job is None:
        return None
    outstanding = tuple(task.id for task in board.tasks if task.id not in cells)
    return Entry(
        board=board.name,
        sid=received.event.sid,
        repo_id=repo_id,
        model=received.event.model,
        model_type=received.event.model_type,
        architecture=job.architecture,
        license=job.license,
        parameters=job.parameters,
        scores=cells,
        average=None if outstanding else mean_of_tasks(cell.normalized for cell in cells.values()),
        average_stderr=None if outstanding else of_mean([cell.stderr for cell in cells.values()]),
        provisional=bool(outstanding),
        outstanding=outstanding,
        run=run.number,
        seconds=fsum(cell.seconds for cell in cells.values()),
        updated_at=max(run.scored[task].at for task in cells),
        board_version=board.version,
        scoring_version=scoring_version(board),
        submitted_at=received.at,
        co2_kg=_co2_kg(cells),
        flag=standing.flag,
        base_models=job.base_models,
        generation=job.generation,
        is_merge=job.is_merge,
        is_mixture_of_experts=job.is_mixture_of_experts,
        same_weights_as=originals,
    )


def _co2_kg(cells: dict[str, TaskScore]) -> float | None:
    """Of all tasks together; None when that of one is unknown."""
    energies = [cell.provenance.energy if cell.provenance else None for cell in cells.values()]
    known = [energy.co2_kg for energy in energies if energy]
    return fsum(known) if len(known) == len(cells) else None
