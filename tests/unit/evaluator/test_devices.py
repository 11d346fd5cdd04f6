import pytest
import torch

from contracts.evaluation import FailureCause
from services.evaluator.devices import check_works, expanded
from services.evaluator.failures import EvaluationFault


def test_devices_are_taken_as_they_are_named() -> None:
    assert expanded(["cpu", "cpu", "sharded", "auto"]) == ["cpu", "cpu", "sharded", "auto"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_every_gpu_is_a_device_of_its_own() -> None:
    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]

    assert expanded(["every-gpu"]) == gpus


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without GPUs")
def test_every_gpu_of_a_machine_without_any_is_a_fault() -> None:
    with pytest.raises(EvaluationFault) as caught:
        expanded(["cpu", "every-gpu"])

    assert caught.value.failure.cause is FailureCause.INFRASTRUCTURE
    assert "every-gpu" in caught.value.failure.reason.message


def test_a_device_on_which_nothing_can_be_computed_is_no_fault_of_a_model() -> None:
    check_works("cpu")

    with pytest.raises(EvaluationFault) as caught:
        check_works("meta")

    assert caught.value.failure.cause is FailureCause.INFRASTRUCTURE
    assert "on the evaluator's meta: " in caught.value.failure.reason.message
