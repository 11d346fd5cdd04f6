"""From a submission's state to its two views."""

from dataclasses import dataclass

from contracts.board import Board
from contracts.submission import SubmissionReceived
from contracts.views import Entry, Failure, Request, TaskProgress, TaskScore, Unshown
from services.aggregator.entries import Place, Row, evaluated, taken_over
from services.aggregator.facts import Fact
from services.aggregator.fold import Run, Submission
from services.aggregator.history import history
from services.aggregator.moderation import Moderation, Standing
from services.aggregator.normalization import IncomputableScoreError, score_task


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
    *,
    originals: tuple[str, ...] = (),
    scoring_version: str = "",
    unshown: Unshown | None = None,
) -> Rendered:
    """`board` is None when the definition is gone; its submissions then have no tasks or scores.
    `originals` are the models whose weights it has; `scoring_version` is the board's; `unshown`
    says that `submission` lacks its newest events."""
    if submission.named is None or submission.board is None:
        return Rendered(problems=("its submission.received is missing",))
    name = moderation.name_today(*submission.named)
    standing = moderation.standing(name)
    received, imported = submission.received, submission.imported
    if board is None:
        request = _request(received, submission, None, {}, standing, originals, unshown)
        problem = f"board {submission.board!r} has no definition"
        return Rendered(request=request, problems=(problem,))

    scored = _Scored.of(submission, board)
    row, current = scored.row, scored.runs[submission.run.number]
    return Rendered(
        request=_request(
            received,
            submission,
            board,
            current.cells,
            standing,
            originals,
            unshown,
        ),
        entry=None
        if row is None or standing.removed
        else row.entry(
            board,
            scoring_version,
            Place(name, standing, moderation.is_official(name), originals),
            imported,
        ),
        problems=scored.problems,
    )


def average_of(submission: Submission, board: Board, moderation: Moderation) -> float | None:
    """What `render` would have in the entry; None also where there would be none."""
    if submission.named is None:
        return None
    name = moderation.name_today(*submission.named)
    row = _Scored.of(submission, board).row
    return None if row is None or moderation.standing(name).removed else row.average(board)


@dataclass(frozen=True)
class _Scored:
    runs: dict[int, "_Scores"]
    """By number; without those before the newest one that has all its scores."""
    row: Row | None
    problems: tuple[str, ...]

    @classmethod
    def of(cls, submission: Submission, board: Board) -> "_Scored":
        scores: dict[int, _Scores] = {}
        for run in reversed(submission.runs):
            scores[run.number] = _Scores.of(run, board)
            if len(scores[run.number].cells) == len(board.tasks):
                break
        # A re-run replaces the scores once it has as many: an entry never falls back to a few.
        best = max(
            (run for run in submission.runs if run.number in scores),
            key=lambda run: (len(scores[run.number].cells), run.number),
        )
        row = evaluated(submission, best, scores[best.number].cells)
        problems = [problem for each in reversed(scores.values()) for problem in each.problems]
        if submission.imported:
            cells, faults = submission.imported.cells(board)
            problems += faults
            # So does an evaluation of ours with what another board has found out.
            if row is None or len(cells) > len(row.cells):
                row = taken_over(submission.imported, cells)
        return cls(scores, row, tuple(problems))


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
    received: Fact[SubmissionReceived] | None,
    submission: Submission,
    board: Board | None,
    cells: dict[str, TaskScore],
    standing: Standing,
    originals: tuple[str, ...],
    unshown: Unshown | None,
) -> Request | None:
    """None for a model that was never submitted here."""
    if received is None:
        return None
    run = submission.run
    event, job, failed = received.event, run.accepted or submission.accepted, run.failed
    verdict = submission.rejected or job
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
        warnings=verdict.warnings if verdict else (),
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
        unshown=unshown,
        rules=verdict.rules if verdict else None,
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
