"""A small board and the events of submissions to it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.base import Event
from contracts.board import Averaging, Board, BoardDefined, BoardTask, Limits, Subtask
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    EvaluationTaskScored,
    FailureCause,
    HarnessResult,
)
from contracts.models import Lane, ModelRef, ModelType, Precision, Reason, Tier
from contracts.submission import SubmissionAccepted, SubmissionReceived, submission_id
from services.aggregator.facts import Fact
from services.aggregator.normalization import scoring_version

BOARD = Board(
    name="demo",
    title="Demo",
    version=3,
    tasks=(
        BoardTask(
            id="facts", title="Facts", harness_task="facts", metrics=("acc,none",), choices=4
        ),
        BoardTask(
            id="logic",
            title="Logic",
            harness_task="logic",
            metrics=("acc_norm,none",),
            average=Averaging.UNWEIGHTED,
            subtasks=(
                Subtask(harness_task="logic_two", choices=2),
                Subtask(harness_task="logic_five", choices=5),
            ),
        ),
    ),
    limits=Limits(max_parameters={Precision.BFLOAT16: 10**9}),
)
MORNING = datetime(2025, 3, 1, 8, tzinfo=UTC)
ADVICE = "Ask the operators."


def model(repo_id: str = "acme/tiny") -> ModelRef:
    return ModelRef(repo_id=repo_id, commit="a" * 40, precision=Precision.BFLOAT16)


def sid_of(repo_id: str = "acme/tiny") -> str:
    return submission_id(model(repo_id), BOARD.name)


def received(repo_id: str = "acme/tiny") -> SubmissionReceived:
    return SubmissionReceived(
        sid=sid_of(repo_id),
        board=BOARD.name,
        model=model(repo_id),
        model_type=ModelType.PRETRAINED,
        submitter="ada",
    )


def accepted(
    repo_id: str = "acme/tiny", run: int = 1, lane: Lane = Lane.NORMAL
) -> SubmissionAccepted:
    return SubmissionAccepted(
        sid=sid_of(repo_id),
        board=BOARD.name,
        model=model(repo_id),
        run=run,
        tier=Tier.SMALL,
        lane=lane,
        parameters=1000,
        weight_bytes=2000,
        architecture="LlamaForCausalLM",
        license="mit",
    )


def started(repo_id: str = "acme/tiny", run: int = 1, attempt: int = 1) -> EvaluationStarted:
    return EvaluationStarted(
        sid=sid_of(repo_id),
        run=run,
        attempt=attempt,
        evaluator=f"evaluator-{attempt}",
        device="cpu",
        tasks=("facts", "logic"),
    )


def scored(
    task: str, *raws: float, repo_id: str = "acme/tiny", run: int = 1, attempt: int = 1
) -> EvaluationTaskScored:
    names = {"facts": ("facts",), "logic": ("logic_two", "logic_five")}[task]
    metric = {"facts": "acc,none", "logic": "acc_norm,none"}[task]
    return EvaluationTaskScored(
        sid=sid_of(repo_id),
        run=run,
        attempt=attempt,
        board=BOARD.name,
        task=task,
        results=tuple(
            HarnessResult(
                task=name,
                version="1",
                shots=0,
                samples=10,
                metrics={metric: raw},
                stderrs={metric: 0.1},
            )
            for name, raw in zip(names, raws, strict=True)
        ),
        seconds=2.5,
        engine="hf",
        versions={"lm_eval": "0.4.13"},
    )


def finished(repo_id: str = "acme/tiny", run: int = 1, attempt: int = 1) -> EvaluationFinished:
    return EvaluationFinished(sid=sid_of(repo_id), run=run, attempt=attempt, seconds=6)


def failed(
    repo_id: str = "acme/tiny",
    run: int = 1,
    attempt: int = 1,
    cause: FailureCause = FailureCause.MODEL,
) -> EvaluationFailed:
    return EvaluationFailed(
        sid=sid_of(repo_id),
        run=run,
        attempt=attempt,
        cause=cause,
        reason=Reason(code=f"attempt-{attempt}", message="It broke.", advice=ADVICE),
        log_tail="Traceback",
    )


def defined(board: Board = BOARD) -> BoardDefined:
    """What an aggregator says when it starts with a definition that EVENTS does not know."""
    return BoardDefined(board=board.name, scoring_version=scoring_version(board), definition=board)


def as_facts(*events: Event) -> list[Fact[Any]]:
    """As EVENTS holds them: one place and one minute after the other."""
    return [
        Fact(event, UUID(int=n), MORNING + timedelta(minutes=n), n)
        for n, event in enumerate(events, start=1)
    ]
