from datetime import timedelta
from uuid import uuid4

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    EvaluationTaskScored,
    FailureCause,
    HarnessResult,
)
from contracts.models import Reason
from runtime.bus import Recorded
from services.gateway.requests.runs import runs_of
from tests.unit.gateway.examples import NOON, a_request

SID = a_request().sid


def recorded(*events: Event) -> list[Recorded[Event]]:
    """A minute apart, from noon."""
    return [
        Recorded(
            event,
            Envelope(
                event.type_name(), "test", id=uuid4(), time=NOON + timedelta(minutes=sequence)
            ),
            sequence,
            1,
        )
        for sequence, event in enumerate(events)
    ]


def started(run: int, attempt: int, evaluator: str = "gpu-1") -> EvaluationStarted:
    return EvaluationStarted(
        sid=SID, run=run, attempt=attempt, evaluator=evaluator, device="cpu", tasks=("facts",)
    )


def scored(run: int, attempt: int, accuracy: float) -> EvaluationTaskScored:
    result = HarnessResult(
        task="podium_facts",
        version="1.0",
        shots=0,
        samples=12,
        metrics={"acc,none": accuracy},
        stderrs={"acc,none": None},
    )
    return EvaluationTaskScored(
        sid=SID,
        run=run,
        attempt=attempt,
        board="demo",
        task="facts",
        results=(result,),
        seconds=1.5,
        engine="hf",
        versions={},
    )


def test_each_run_keeps_its_scores_and_its_end() -> None:
    finished = EvaluationFinished(sid=SID, run=1, attempt=2, seconds=9)
    first, second = runs_of(
        recorded(
            started(1, 1, "gpu-1"),
            started(1, 2, "gpu-2"),
            scored(1, 2, accuracy=0.5),
            finished,
            started(2, 1),
        )
    )

    assert (first.run, first.outcome, first.attempts, first.evaluator) == (
        1,
        "finished",
        2,
        "gpu-2",
    )
    assert (first.started_at, first.ended_at) == (
        NOON + timedelta(minutes=1),
        NOON + timedelta(minutes=3),
    )
    [task] = first.tasks
    assert (task.task, task.attempt, task.results[0].metrics) == ("facts", 2, {"acc,none": 0.5})
    assert (second.run, second.outcome, second.ended_at, second.tasks) == (2, "running", None, ())


def test_a_run_that_no_evaluator_has_begun_can_have_failed() -> None:
    reason = Reason(code="lost", message="It was lost.", advice="Run it again.")
    lost = EvaluationFailed(
        sid=SID, run=1, attempt=0, cause=FailureCause.INFRASTRUCTURE, reason=reason
    )

    [run] = runs_of(recorded(lost))

    assert (run.outcome, run.attempts, run.evaluator) == ("failed", 0, None)
    assert run.failure
    assert (run.failure.cause, run.failure.reason.code) == (FailureCause.INFRASTRUCTURE, "lost")
