import pytest

from contracts.evaluation import FailureCause
from contracts.models import ModelRef, Precision
from runtime.ports import free_port
from services.evaluator.failures import EvaluationFault
from services.evaluator.hub import fetch_snapshot


async def test_a_hub_that_is_away_is_no_fault_of_the_model() -> None:
    model = ModelRef(repo_id="acme/good", commit="0" * 40, precision=Precision.FLOAT32)

    with pytest.raises(EvaluationFault) as caught:
        await fetch_snapshot(model, f"http://127.0.0.1:{free_port()}", lambda done, total: None)

    failure = caught.value.failure
    assert (failure.cause, failure.reason.code) == (
        FailureCause.INFRASTRUCTURE,
        "hub-unreachable",
    )
