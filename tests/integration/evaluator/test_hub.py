import pytest

from contracts.evaluation import FailureCause
from contracts.models import ModelRef, Precision
from services.evaluator.failures import EvaluationFault
from services.evaluator.hub import fetch_snapshot
from tests.integration.evaluator.world import World


async def test_an_address_without_a_hub_is_no_fault_of_the_model(world: World) -> None:
    model = ModelRef(repo_id="acme/good", commit="0" * 40, precision=Precision.FLOAT32)

    with pytest.raises(EvaluationFault) as caught:
        await fetch_snapshot(model, f"{world.hub_url}/elsewhere", lambda done, total: None)

    failure = caught.value.failure
    assert (failure.cause, failure.reason.code) == (
        FailureCause.INFRASTRUCTURE,
        "hub-unreachable",
    )
