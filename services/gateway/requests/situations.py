"""What has happened to a request, since when, and what its submitter can do. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.evaluation import EvaluationProgress, FailureCause
from contracts.operation import HoldScope
from contracts.validation import ValidationProgress
from contracts.views import HistoryEntry, Request, RequestState, Unshown
from services.gateway.formatting import duration, moment, words
from services.gateway.queue.places import QueuePlace

_NOTHING = "There is nothing to do."


@dataclass(frozen=True)
class Situation:
    what: str
    """What has happened, in a sentence or two."""
    since: datetime
    next_step: str
    """What to do, if only to wait."""


@dataclass(frozen=True)
class Bounds:
    """After how long a state is said to last longer than it should."""

    unjudged: timedelta = timedelta(minutes=2)
    """Received, and no validator has looked at it."""
    silent: timedelta = timedelta(minutes=10)
    """Running, without a sign of progress."""


USUAL = Bounds()
_ABSENT = timedelta(seconds=15)
"""An evaluator that ends a run says so on two ways, of which either may be the faster."""


@dataclass(frozen=True)
class Circumstances:
    """What a request's own view does not tell."""

    now: datetime
    bounds: Bounds
    place: QueuePlace | None = None
    """None for what does not wait."""
    evaluators: int | None = None
    """How many serve its tier; None while that is unknown."""
    worked_on: bool | None = None
    """Whether an evaluator says that it is at it; None while that is unknown."""
    validation: ValidationProgress | None = None
    """None where no validator is at it."""
    validators_at_work: bool = False
    """Whether one is at any submission."""
    progress: EvaluationProgress | None = None
    moved_at: datetime | None = None
    """When the progress was last heard to change; None when none was."""


def situation(request: Request, around: Circumstances) -> Situation:
    if request.unshown:
        return _unshown(request.unshown)
    match request.state:
        case RequestState.RECEIVED:
            return _received(request, around)
        case RequestState.WAITING:
            return _waiting(request, around)
        case RequestState.RUNNING:
            return _running(request, around)
        case RequestState.REJECTED:
            return _rejected(request)
        case RequestState.FINISHED:
            return _removed(request) or _finished(request)
        case RequestState.FAILED:
            return _failed(request)
        case RequestState.CANCELLED:
            return _cancelled(request)


def _unshown(unshown: Unshown) -> Situation:
    return Situation(
        "What has happened to it since cannot be shown, for a fault of this leaderboard. Nothing of"
        " it is lost; below is how it stood before.",
        unshown.since,
        "The operators of this leaderboard have been told, and it is shown once they have mended"
        f" the fault. If this lasts, name event `{unshown.event_id}` to them.",
    )


# ── before it runs ───────────────────────────────────────────────────────────────────────────────


def _received(request: Request, around: Circumstances) -> Situation:
    asked = _last(request, "submission.rerun_requested")
    since = asked.at if asked and request.run > 1 else request.received_at
    if request.delay:
        return Situation(
            f"It cannot be checked yet. {request.delay.reason.message}",
            request.delay.since,
            f"It is looked at again by itself. {request.delay.reason.advice}",
        )
    if around.validation:
        return _validated(around.validation, since)
    begun = "It was received" if request.run == 1 else f"Run {request.run} was asked for"
    if around.validators_at_work:
        return Situation(
            f"{begun} and waits for a validator, which is at another submission.", since, _NOTHING
        )
    if around.now - since > around.bounds.unjudged:
        return Situation(
            "It was received, and no validator has looked at it yet, which usually takes seconds.",
            since,
            "It is not lost, and will be checked as soon as a validator runs. If this lasts, tell"
            " the operators of this leaderboard.",
        )
    return Situation(f"{begun} and is about to be checked against the rules.", since, _NOTHING)


def _validated(told: ValidationProgress, since: datetime) -> Situation:
    if not told.reasons:
        return Situation("A validator is at it.", since, _NOTHING)
    broken = _counted(len(told.reasons), "rule")
    return Situation(
        f"A validator is at it. It breaks {broken} already, and will be refused.",
        since,
        "Wait for the verdict: it names whatever else is wrong.",
    )


def _waiting(request: Request, around: Circumstances) -> Situation:
    since = _when(request, "submission.accepted")
    place = around.place
    if around.evaluators == 0:
        kept = f" It keeps place {place.place} of {place.waiting}." if place else ""
        if place and place.holds:
            # One about more than an evaluator says more.
            hold = min(place.holds, key=lambda one: one.scope is HoldScope.EVALUATOR)
            who = f"{hold.by}, an operator," if hold.by else "An operator"
            return Situation(
                f"It was accepted. {place.doubt} {who} said: “{hold.reason}”{kept}",
                since,
                "It starts once the operators of this leaderboard resume the tier; nothing else has"
                " to be done.",
            )
        return Situation(
            f"It was accepted, and no evaluator serves tier {request.tier} right now.{kept}",
            since,
            "It starts when an evaluator for this tier comes. If this lasts, ask the operators of"
            " this leaderboard for one.",
        )
    if place is None:
        return Situation("It was accepted and waits for an evaluator.", since, _NOTHING)
    served = _counted(place.evaluators, "evaluator") if around.evaluators else "evaluators"
    verb = "serves" if around.evaluators == 1 else "serve"
    starts = f" It should start about {moment(place.starts_at)}." if place.starts_at else ""
    return Situation(
        f"It waits at place {place.place} of {place.waiting} in tier {place.tier}, which {served}"
        f" {verb}.{starts}",
        since,
        _NOTHING + " Votes can move it to the high lane.",
    )


# ── while it runs ────────────────────────────────────────────────────────────────────────────────


def _running(request: Request, around: Circumstances) -> Situation:
    since = _when(request, "evaluation.started")
    sign = max(filter(None, (around.moved_at, _last_event(request), since)))
    done = sum(task.scored_at is not None for task in request.tasks)
    scored = f"{done} of {_counted(len(request.tasks), 'task')} scored"
    if around.worked_on is False and around.now - sign > _ABSENT:
        return _orphaned(request, around, sign, scored)
    if around.now - sign > around.bounds.silent:
        return Situation(
            f"It runs on {request.evaluator}, with {scored}, and has told of no progress for"
            f" {duration((around.now - sign).total_seconds())}.",
            sign,
            "It ends at the latest when it reaches the board's time limit. If you expect more,"
            " tell the operators of this leaderboard.",
        )
    step = around.progress
    at = f", now at {step.task or words(step.phase)}" if step else ""
    return Situation(
        f"It runs on {request.evaluator}: {scored}{at}.", since, "Scores appear as they come in."
    )


def _orphaned(request: Request, around: Circumstances, sign: datetime, scored: str) -> Situation:
    kept = "What is scored stays scored."
    if around.evaluators == 0:
        return Situation(
            f"Its evaluator {request.evaluator} is gone, with {scored}, and no other serves tier"
            f" {request.tier} right now: it waits for another evaluator.",
            sign,
            f"{kept} It goes on when an evaluator for this tier comes; if this lasts, ask the"
            " operators of this leaderboard for one.",
        )
    return Situation(
        f"Its evaluator {request.evaluator} is gone, with {scored}: it waits for another"
        " evaluator to take it over.",
        sign,
        f"{kept} {_NOTHING} It comes before others that wait.",
    )


# ── when it has ended ────────────────────────────────────────────────────────────────────────────


def _rejected(request: Request) -> Situation:
    reasons = request.reasons
    if len(reasons) == 1:
        what, step = f"It was refused: {reasons[0].message}", reasons[0].advice
    else:
        what = f"It was refused: it breaks {len(reasons)} rules."
        step = f"Do what each of the {len(reasons)} reasons says."
    return Situation(
        what,
        _when(request, "submission.rejected"),
        f"{step} Then submit the new commit, or request a re-run if the commit is the same.",
    )


def _finished(request: Request) -> Situation:
    return Situation(
        f"All {_counted(len(request.tasks), 'task')} are scored.",
        _when(request, "evaluation.finished"),
        f"See its row on board {request.board}; `podium reproduce {request.sid}` repeats it.",
    )


def _failed(request: Request) -> Situation:
    since = _when(request, "evaluation.failed")
    failure = request.failure
    if failure is None:
        return Situation("It failed.", since, "Tell the operators of this leaderboard.")
    if failure.cause is FailureCause.INFRASTRUCTURE:
        what = f"It was lost by this leaderboard, not by the model. {failure.reason.message}"
        return Situation(what, since, f"{failure.reason.advice} It uses up no place of the quota.")
    return Situation(f"The model failed. {failure.reason.message}", since, failure.reason.advice)


def _cancelled(request: Request) -> Situation:
    told = _last(request, "submission.cancelled")
    by = told.by if told else None
    if by is None:
        what = "It was cancelled"
    elif by == request.submitter:
        what = f"Its submitter {by} cancelled it"
    else:
        what = f"A moderator, {by}, cancelled it"
    note = f": {told.note}" if told and told.note else "."
    by_moderator = by not in (None, request.submitter)
    return Situation(
        what + note,
        told.at if told else request.updated_at,
        "Its place in the quota is free again. "
        + (
            "Ask the moderator what has to change before a re-run."
            if by_moderator
            else "Request a re-run if it should be evaluated after all."
        ),
    )


def _removed(request: Request) -> Situation | None:
    """None for what stands on its board."""
    decisions = [
        line
        for line in request.history
        if line.what in ("moderation.removed", "moderation.restored")
    ]
    if not decisions or decisions[-1].what == "moderation.restored":
        return None
    removed = decisions[-1]
    by = f"A moderator, {removed.by}," if removed.by else "A moderator"
    return Situation(
        f"{by} took the model off the board: {removed.note}",
        removed.at,
        "Its scores are kept. Ask the moderators of this leaderboard; they can restore it.",
    )


def _last(request: Request, what: str) -> HistoryEntry | None:
    return next((line for line in reversed(request.history) if line.what == what), None)


def _when(request: Request, what: str) -> datetime:
    line = _last(request, what)
    return line.at if line else request.updated_at


def _last_event(request: Request) -> datetime | None:
    """Of the evaluation: votes and decisions are no signs of life."""
    return max(
        (line.at for line in request.history if line.what.startswith("evaluation.")), default=None
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
