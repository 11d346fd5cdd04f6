import random
from datetime import timedelta
from typing import Any

import pytest

from contracts.base import Event
from contracts.check import RuleOutcomes
from contracts.evaluation import FailureCause
from contracts.models import Lane, Reason
from contracts.submission import (
    SubmissionCancelled,
    SubmissionDelayed,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.views import Entry, Request, RequestState
from contracts.vote import VoteCast
from services.aggregator.facts import Fact
from services.aggregator.fold import Submission
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.moderation import Moderation
from services.aggregator.render import Rendered, render
from tests.unit.aggregator.story import (
    ADVICE,
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

SID = sid_of()
REJECTED = SubmissionRejected(
    sid=SID, reasons=(Reason(code="license-missing", message="No licence.", advice=ADVICE),)
)
CANCELLED = SubmissionCancelled(sid=SID, by="ada", note="wrong model")
RERUN = SubmissionRerunRequested(sid=SID, run=2, by="ada", note="newer harness")
FACTS = scored("facts", 0.55)
LOGIC = scored("logic", 0.75, 0.6)
WHOLE_LIFE = (received(), accepted(), started(), FACTS, LOGIC, finished())


def folded(*events: Event) -> Rendered:
    submission = Submission()
    for fact in as_facts(*events):
        submission = submission.after(fact)
    return render(submission, BOARD, Moderation())


def request(*events: Event) -> Request:
    view = folded(*events).request
    assert view
    return view


def entry(*events: Event) -> Entry:
    view = folded(*events).entry
    assert view
    return view


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (WHOLE_LIFE[:1], RequestState.RECEIVED),
        (WHOLE_LIFE[:2], RequestState.WAITING),
        (WHOLE_LIFE[:3], RequestState.RUNNING),
        (WHOLE_LIFE[:5], RequestState.RUNNING),
        (WHOLE_LIFE, RequestState.FINISHED),
        ((received(), REJECTED), RequestState.REJECTED),
        ((received(), failed(attempt=0)), RequestState.FAILED),
        ((*WHOLE_LIFE[:3], failed()), RequestState.FAILED),
        ((*WHOLE_LIFE[:3], failed(cause=FailureCause.CANCELLED)), RequestState.CANCELLED),
        ((*WHOLE_LIFE[:2], CANCELLED), RequestState.CANCELLED),
        ((*WHOLE_LIFE, CANCELLED), RequestState.FINISHED),
        ((*WHOLE_LIFE[:5], CANCELLED, finished()), RequestState.FINISHED),
        ((*WHOLE_LIFE[:3], CANCELLED, failed()), RequestState.FAILED),
        ((*WHOLE_LIFE[:3], failed(), CANCELLED), RequestState.FAILED),
        ((received(), CANCELLED, accepted()), RequestState.CANCELLED),
        ((received(), CANCELLED, RERUN, CANCELLED), RequestState.CANCELLED),
        ((received(), REJECTED, RERUN), RequestState.RECEIVED),
        ((*WHOLE_LIFE[:2], CANCELLED, RERUN, accepted(run=2)), RequestState.WAITING),
        ((*WHOLE_LIFE, RERUN), RequestState.RECEIVED),
        ((*WHOLE_LIFE, RERUN, accepted(run=2), started(run=2)), RequestState.RUNNING),
    ],
)
def test_the_state_follows_from_the_events(events: tuple[Event, ...], state: RequestState) -> None:
    assert request(*events).state is state


def test_a_failure_of_an_older_attempt_does_not_end_a_newer_one() -> None:
    view = request(*WHOLE_LIFE[:3], started(attempt=2), failed(attempt=1))

    assert (view.state, view.attempt, view.evaluator) == (RequestState.RUNNING, 2, "evaluator-2")
    assert view.failure is None


def test_all_scores_outweigh_a_failure_that_was_declared_too_early() -> None:
    assert request(*WHOLE_LIFE[:5], failed(attempt=3), finished()).state is RequestState.FINISHED


def test_the_failure_of_the_highest_attempt_is_told() -> None:
    view = request(*WHOLE_LIFE[:3], failed(attempt=3), failed(attempt=2))

    assert view.failure
    assert view.failure.reason.code == "attempt-3"


def test_a_higher_attempt_replaces_a_score_and_a_lower_one_does_not() -> None:
    of_attempts = {
        attempt: scored("facts", raw, attempt=attempt) for attempt, raw in ((1, 0.1), (2, 0.5))
    }

    for order in ((1, 2), (2, 1)):
        view = entry(*WHOLE_LIFE[:3], *(of_attempts[attempt] for attempt in order))
        assert view.scores["facts"].raw == 0.5


def test_of_two_scores_of_one_attempt_the_first_counts() -> None:
    view = entry(*WHOLE_LIFE[:3], scored("facts", 0.5), scored("facts", 0.9))

    assert view.scores["facts"].raw == 0.5


def test_an_older_run_never_overwrites_a_newer_one() -> None:
    second = (
        RERUN,
        accepted(run=2),
        started(run=2),
        scored("facts", 0.9, run=2),
        scored("logic", 1, 1, run=2),
        finished(run=2),
    )

    view = entry(*WHOLE_LIFE, *second, scored("facts", 0.1, attempt=9), failed(attempt=9))

    assert (view.run, view.scores["facts"].raw, view.provisional) == (2, 0.9, False)


def test_an_entry_keeps_its_scores_until_the_re_run_has_as_many() -> None:
    second = (RERUN, accepted(run=2), started(run=2), scored("facts", 0.9, run=2))

    assert entry(*WHOLE_LIFE, *second).run == 1
    assert request(*WHOLE_LIFE, *second).tasks[0].score == pytest.approx(86.67, abs=0.01)
    assert entry(*WHOLE_LIFE, *second, scored("logic", 1, 1, run=2)).run == 2


def test_a_row_appears_with_its_first_score_and_has_no_average_before_its_last() -> None:
    assert folded(*WHOLE_LIFE[:3]).entry is None

    provisional = entry(*WHOLE_LIFE[:4])
    assert (provisional.provisional, provisional.average) == (True, None)
    assert (list(provisional.scores), provisional.outstanding) == (["facts"], ("logic",))

    complete = entry(*WHOLE_LIFE)
    assert (complete.provisional, complete.outstanding) == (False, ())
    assert complete.average == pytest.approx((40 + (50 + 50) / 2) / 2)
    assert complete.seconds == 5


def test_a_score_that_the_boards_definition_cannot_use_stays_outstanding() -> None:
    useless = LOGIC.model_copy(update={"results": FACTS.results})

    rendered = folded(*WHOLE_LIFE[:4], useless, finished())

    assert rendered.entry
    assert rendered.entry.outstanding == ("logic",)
    assert rendered.problems == ("run 1: task 'logic' needs 'logic_two'; its results are facts",)


def test_a_submission_whose_board_is_gone_is_still_told_about() -> None:
    submission = Submission()
    for fact in as_facts(*WHOLE_LIFE):
        submission = submission.after(fact)

    rendered = render(submission, None, Moderation())

    assert rendered.request
    assert (rendered.request.state, rendered.request.tasks) == (RequestState.FINISHED, ())
    assert rendered.entry is None
    assert rendered.problems == ("board 'demo' has no definition",)


def test_every_reason_of_a_refusal_is_shown() -> None:
    assert request(received(), REJECTED).reasons == REJECTED.reasons


def test_a_request_has_the_rules_of_its_last_verdict() -> None:
    warning = Reason(code="chat-template-unused", message="It has one.", advice=ADVICE)
    kept = accepted().model_copy(update={"rules": RuleOutcomes(kept={"license-missing": "mit"})})
    refused = REJECTED.model_copy(
        update={"warnings": (warning,), "rules": RuleOutcomes(undecided=("tokenizer-empty",))}
    )

    once, again = request(received(), kept), request(received(), kept, RERUN, refused)

    assert (once.rules, once.warnings) == (kept.rules, ())
    assert (again.rules, again.warnings) == (refused.rules, (warning,))


def test_a_verdict_that_told_no_more_than_what_is_broken_is_shown_so() -> None:
    assert request(received(), accepted()).rules is None
    assert request(received(), REJECTED).rules is None


def test_a_user_has_one_vote() -> None:
    votes = (VoteCast(sid=SID, voter=voter) for voter in ("ada", "grace", "ada"))

    assert request(received(), *votes).votes == 2


def test_a_job_that_moves_to_another_lane_is_shown_there() -> None:
    assert request(*WHOLE_LIFE[:2], accepted(lane=Lane.HIGH)).lane is Lane.HIGH


def test_the_history_tells_everything_but_votes_oldest_first() -> None:
    view = request(*WHOLE_LIFE, VoteCast(sid=SID, voter="ada"))

    assert [(line.what, line.note) for line in view.history] == [
        ("submission.received", ""),
        ("submission.accepted", "run 1, tier small, lane normal"),
        ("evaluation.started", "run 1, attempt 1 on evaluator-1 (cpu)"),
        ("evaluation.task_scored", "facts"),
        ("evaluation.task_scored", "logic"),
        ("evaluation.finished", ""),
    ]
    assert view.updated_at > view.history[-1].at


def delayed(run: int = 1, message: str = "503") -> SubmissionDelayed:
    reason = Reason(code="hub-unavailable", message=message, advice="Wait.")
    return SubmissionDelayed(sid=SID, run=run, reason=reason)


def test_a_delay_is_shown_with_its_begin_and_what_was_said_last() -> None:
    view = request(received(), delayed(), delayed(message="a timeout"))

    assert view.delay
    assert view.delay.reason.message == "a timeout"
    assert view.delay.since == MORNING + timedelta(minutes=2)
    assert view.delay.at == MORNING + timedelta(minutes=3)
    assert [(line.what, line.note) for line in view.history[1:]] == [
        ("submission.delayed", "503"),
        ("submission.delayed", "a timeout"),
    ]


@pytest.mark.parametrize(
    "end",
    [accepted(), REJECTED, CANCELLED, failed(attempt=0), RERUN],
    ids=lambda end: type(end).__name__,
)
def test_a_delay_ends_with_whatever_comes_after_it(end: Event) -> None:
    assert request(received(), delayed(), end).delay is None


def test_a_re_run_may_be_delayed_as_well() -> None:
    view = request(*WHOLE_LIFE, RERUN, delayed(run=2))

    assert view.delay
    assert view.state is RequestState.RECEIVED


LIVES: dict[str, tuple[Event, ...]] = {
    "delayed": (received(), delayed(), delayed(), accepted(), started()),
    "finished": WHOLE_LIFE,
    "a second attempt": (
        *WHOLE_LIFE[:4],
        started(attempt=2),
        failed(attempt=1),
        scored("facts", 0.2, attempt=2),
        LOGIC,
        finished(attempt=2),
    ),
    "a re-run": (
        *WHOLE_LIFE[:4],
        VoteCast(sid=SID, voter="ada"),
        failed(attempt=3),
        RERUN,
        accepted(run=2),
        started(run=2),
        scored("facts", 0.9, run=2),
        scored("logic", 1, 0, run=2),
        finished(run=2),
    ),
    "refused, then cancelled": (received(), REJECTED, RERUN, CANCELLED),
}


def views_of(facts: list[Fact[Any]]) -> dict[str, bytes]:
    leaderboard = Leaderboard({BOARD.name: BOARD})
    for fact in facts:
        leaderboard.take(fact)
        # Half of the time as live, half of the time as in a replay.
        if fact.sequence % 2:
            list(leaderboard.render())
    list(leaderboard.render())
    return dict(leaderboard.views)


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("seed", range(25))
def test_reading_events_twice_or_in_another_order_gives_the_same_bytes(
    life: str, seed: int
) -> None:
    facts = as_facts(*LIVES[life])
    chance = random.Random(seed)
    repeated = [Fact(f.event, f.id, f.at, f.sequence + 1000) for f in chance.choices(facts, k=5)]
    disordered = chance.sample(facts + repeated, k=len(facts) + len(repeated))

    assert views_of(disordered) == views_of(facts)


@pytest.mark.parametrize("seed", range(25))
def test_the_places_of_independent_events_in_the_stream_do_not_matter(seed: int) -> None:
    """Tasks, votes and other submissions know nothing of each other; their writers race."""
    other = "acme/other"
    begun = as_facts(*WHOLE_LIFE[:3], received(other), accepted(other), started(other))
    racing = as_facts(
        *WHOLE_LIFE[:3],
        *(received(other), accepted(other), started(other)),
        *(FACTS, LOGIC, scored("facts", 0.3, repo_id=other)),
        *(VoteCast(sid=SID, voter=voter) for voter in ("ada", "grace")),
        failed(other),
    )[len(begun) :]
    places = random.Random(seed).sample([fact.sequence for fact in racing], k=len(racing))
    moved = [Fact(f.event, f.id, f.at, place) for f, place in zip(racing, places, strict=True)]

    in_new_order = begun + sorted(moved, key=lambda fact: fact.sequence)

    assert views_of(in_new_order) == views_of(begun + racing)
