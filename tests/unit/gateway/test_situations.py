"""Every state a request can be in, folded from real events, and what its submitter is told."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.base import Event
from contracts.evaluation import EvaluationProgress, FailureCause
from contracts.models import Lane, Reason, Tier
from contracts.moderation import ModelRemoved, ModelRestored
from contracts.submission import (
    SubmissionCancelled,
    SubmissionDelayed,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.validation import ValidationProgress
from contracts.views import Request, RequestState
from services.aggregator.leaderboard import Leaderboard
from services.gateway.queue.places import QueuePlace
from services.gateway.requests.situations import Bounds, Circumstances, Situation, situation
from tests.unit.aggregator.story import (
    BOARD,
    MORNING,
    accepted,
    as_facts,
    failed,
    finished,
    received,
    scored,
    sid_of,
    started,
)
from tests.unit.gateway.examples import a_hold

SID = sid_of()
RULE = Reason(code="license-missing", message="The card names no license.", advice="Name one.")
AWAY = Reason(
    code="hub-unavailable", message="The Hub does not answer.", advice="Wait for the Hub."
)
REJECTED = SubmissionRejected(sid=SID, reasons=(RULE,))
REMOVED = ModelRemoved(repo_id="acme/tiny", reason="Its authors asked for it.", by="mona")
RESTORED = ModelRestored(repo_id="acme/tiny", reason="They changed their minds.", by="mona")
RUNNING = (received(), accepted(), started(), scored("facts", 0.5))
WHOLE = (*RUNNING, scored("logic", 0.5, 0.5), finished())
PLACE = QueuePlace(
    tier=Tier.SMALL,
    lane=Lane.NORMAL,
    place=3,
    waiting=7,
    evaluators=2,
    starts_at=MORNING + timedelta(hours=1),
    takes_s=60,
    doubt="",
    holds=(),
)
ON_HOLD = replace(
    PLACE, evaluators=0, starts_at=None, doubt="Operators have put it on hold.", holds=(a_hold(),)
)


def folded(*events: Event) -> Request:
    leaderboard = Leaderboard({BOARD.name: BOARD})
    for fact in as_facts(*events):
        leaderboard.take(fact)
    list(leaderboard.render())
    return Request.model_validate_json(leaderboard.views[Request.subject_filter(sid=SID)])


def around(minutes: float, **known: Any) -> Circumstances:
    """So long after the first event was published, at 8:01."""
    bounds = Bounds(unjudged=timedelta(minutes=2), silent=timedelta(minutes=10))
    return Circumstances(MORNING + timedelta(minutes=1 + minutes), bounds, **known)


def at(event: int) -> datetime:
    """When the event at that place was published."""
    return MORNING + timedelta(minutes=event)


PROGRESS = EvaluationProgress(
    sid=SID, run=1, attempt=1, phase="scoring", task="logic", done=1, total=9
)

VALIDATION = ValidationProgress(sid=SID, run=1, reading="the header of the weights")

CASES: dict[str, tuple[tuple[Event, ...], Circumstances, Situation]] = {
    "received": (
        (received(),),
        around(0),
        Situation(
            "It was received and is about to be checked against the rules.",
            at(1),
            "There is nothing to do.",
        ),
    ),
    "received, and nobody looks": (
        (received(),),
        around(3),
        Situation("no validator has looked at it yet", at(1), "tell the operators"),
    ),
    "received, and a validator is at it": (
        (received(),),
        around(30, validation=VALIDATION),
        Situation("A validator is at it.", at(1), "There is nothing to do."),
    ),
    "received behind another": (
        (received(),),
        around(30, validators_at_work=True),
        Situation("waits for a validator, which is at another submission", at(1), "nothing to do"),
    ),
    "received, and bound to be refused": (
        (received(),),
        around(0, validation=VALIDATION.model_copy(update={"reasons": (RULE,)})),
        Situation("It breaks 1 rule already, and will be refused.", at(1), "Wait for the verdict"),
    ),
    "the Hub does not answer": (
        (received(), SubmissionDelayed(sid=SID, run=1, reason=AWAY)),
        around(30),
        Situation("It cannot be checked yet. The Hub does not answer.", at(2), "by itself"),
    ),
    "rejected": (
        (received(), REJECTED),
        around(1),
        Situation("It was refused: The card names no license.", at(2), "Name one."),
    ),
    "rejected for several reasons": (
        (received(), SubmissionRejected(sid=SID, reasons=(RULE, RULE))),
        around(1),
        Situation("it breaks 2 rules", at(2), "Do what each of the 2 reasons says."),
    ),
    "waiting": (
        (received(), accepted()),
        around(2, place=PLACE, evaluators=2),
        Situation(
            "It waits at place 3 of 7 in tier small, which 2 evaluators serve."
            " It should start about 1 Mar 2025, 09:00 UTC.",
            at(2),
            "There is nothing to do.",
        ),
    ),
    "waiting for nobody": (
        (received(), accepted()),
        around(2, place=replace(PLACE, evaluators=0, starts_at=None), evaluators=0),
        Situation("no evaluator serves tier small right now", at(2), "ask the operators"),
    ),
    "waiting for operators": (
        (received(), accepted()),
        around(2, place=ON_HOLD, evaluators=0),
        Situation(
            "mona, an operator, said: “The racks are too hot.” It keeps place 3 of 7.",
            at(2),
            "It starts once the operators of this leaderboard resume",
        ),
    ),
    "waiting, and nobody has been heard yet": (
        (received(), accepted()),
        around(2),
        Situation("It was accepted and waits", at(2), "There is nothing to do."),
    ),
    "running": (
        RUNNING,
        around(4, evaluators=1, worked_on=True, progress=PROGRESS),
        Situation(
            "It runs on evaluator-1: 1 of 2 tasks scored, now at logic.",
            at(3),
            "Scores appear as they come in.",
        ),
    ),
    "running, but silent": (
        RUNNING,
        around(20, evaluators=1, worked_on=True),
        Situation("has told of no progress for 17 min 0 s", at(4), "time limit"),
    ),
    "running, long after its last score, but not silent": (
        RUNNING,
        around(20, evaluators=1, worked_on=True, progress=PROGRESS, moved_at=at(19)),
        Situation("It runs on evaluator-1", at(3), "Scores appear"),
    ),
    "its evaluator has just said that it is idle": (
        RUNNING,
        around(4, evaluators=1, worked_on=False, moved_at=at(5)),
        Situation("It runs on evaluator-1", at(3), "Scores appear"),
    ),
    "its evaluator died, another serves": (
        RUNNING,
        around(4, evaluators=1, worked_on=False),
        Situation("waits for another evaluator to take it over", at(4), "What is scored stays"),
    ),
    "its evaluator died, nobody serves": (
        RUNNING,
        around(5, evaluators=0, worked_on=False, moved_at=at(5)),
        Situation("no other serves tier small right now", at(5), "ask the operators"),
    ),
    "finished": (
        WHOLE,
        around(9),
        Situation("All 2 tasks are scored.", at(6), "See its row on board demo"),
    ),
    "failed by the model": (
        (*RUNNING, failed()),
        around(9),
        Situation("The model failed. It broke.", at(5), "Ask the operators."),
    ),
    "lost by us": (
        (*RUNNING, failed(cause=FailureCause.INFRASTRUCTURE)),
        around(9),
        Situation("It was lost by this leaderboard", at(5), "It uses up no place of the quota."),
    ),
    "cancelled by its submitter": (
        (received(), accepted(), SubmissionCancelled(sid=SID, by="ada", note="A better one.")),
        around(9),
        Situation(
            "Its submitter ada cancelled it: A better one.", at(3), "Request a re-run if it should"
        ),
    ),
    "cancelled by a moderator": (
        (*RUNNING, SubmissionCancelled(sid=SID, by="mona"), failed(cause=FailureCause.CANCELLED)),
        around(9),
        Situation("A moderator, mona, cancelled it.", at(5), "Ask the moderator"),
    ),
    "cancelled by somebody": (
        (received(), SubmissionCancelled(sid=SID)),
        around(9),
        Situation("It was cancelled.", at(2), "place in the quota is free again"),
    ),
    "removed by a moderator": (
        (*WHOLE, REMOVED),
        around(9),
        Situation(
            "A moderator, mona, took the model off the board: Its authors asked for it.",
            at(7),
            "Ask the moderators",
        ),
    ),
    "removed and restored": (
        (*WHOLE, REMOVED, RESTORED),
        around(9),
        Situation("All 2 tasks are scored.", at(6), "See its row"),
    ),
    "set apart for a fault of ours": (
        (received(), accepted(), started(), scored("facts", 1.7e308), finished()),
        around(9),
        Situation("cannot be shown, for a fault of this leaderboard", at(4), "mended the fault"),
    ),
    "asked for again": (
        (*RUNNING, failed(), SubmissionRerunRequested(sid=SID, run=2)),
        around(6),
        Situation("Run 2 was asked for and is about to be checked", at(6), "nothing to do"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_state_says_what_happened_since_when_and_what_to_do(case: str) -> None:
    events, circumstances, expected = CASES[case]

    told = situation(folded(*events), circumstances)

    assert expected.what in told.what
    assert told.since == expected.since
    assert expected.next_step in told.next_step


@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_whole_sentences(case: str) -> None:
    events, circumstances, _ = CASES[case]

    told = situation(folded(*events), circumstances)

    for text in (told.what, told.next_step):
        assert text[0].isupper()
        assert text.endswith((".", "!"))
        assert "None" not in text


def test_every_state_is_among_the_cases() -> None:
    reached = {folded(*events).state for events, _, _ in CASES.values()}

    assert reached == set(RequestState)
