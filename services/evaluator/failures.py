"""How an evaluation ends without its scores: whose fault it is, and what to do about it."""

from dataclasses import dataclass

from contracts.evaluation import FailureCause
from contracts.models import Reason


@dataclass(frozen=True)
class Failure:
    cause: FailureCause
    reason: Reason


class EvaluationFault(Exception):
    """Ends an evaluation. It crosses from the child process to the service as its `failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure

    def __str__(self) -> str:
        return f"{self.failure.reason.code}: {self.failure.reason.message}"


class Superseded(Exception):
    """Another attempt has begun or has finished the run; this one has no say in it any more."""


def blame_model(code: str, message: str, advice: str) -> EvaluationFault:
    """The same model would fail again, here or on another evaluator."""
    reason = Reason(code=code, message=message, advice=advice)
    return EvaluationFault(Failure(FailureCause.MODEL, reason))


def blame_infrastructure(code: str, message: str, advice: str = "") -> EvaluationFault:
    """Ours to mend: the job is tried again before its submitter hears of it."""
    reason = Reason(
        code=code,
        message=message,
        advice=advice or "Request a re-run; if that fails as well, tell the operators.",
    )
    return EvaluationFault(Failure(FailureCause.INFRASTRUCTURE, reason))


def scores_not_finite(found: str) -> EvaluationFault:
    return blame_model(
        "scores-not-finite",
        f"{found}.",
        "Check the model at the submitted precision; float16 overflows where bfloat16 does not.",
    )


def cancelled() -> EvaluationFault:
    reason = Reason(
        code="cancelled",
        message="The submission was cancelled while it was being evaluated.",
        advice="Request a re-run if you want it evaluated after all.",
    )
    return EvaluationFault(Failure(FailureCause.CANCELLED, reason))
