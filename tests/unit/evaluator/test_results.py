import pytest

from contracts.evaluation import FailureCause
from services.evaluator.failures import EvaluationFault
from services.evaluator.results import harness_results


def evaluation(**metrics: object) -> dict[str, object]:
    return {
        "results": {"sums": {"name": "sums", "alias": " - sums", "sample_len": 7, **metrics}},
        "versions": {"sums": 2.0},
        "n-shot": {"sums": 5},
        "n-samples": {"sums": {"original": 9, "effective": 7}},
    }


def test_metrics_and_their_errors_keep_the_harness_keys() -> None:
    report = evaluation(**{"acc,none": 0.5, "acc_stderr,none": 0.1, "f1,strict": 1})

    [result] = harness_results(report, ("sums",))

    assert (result.version, result.shots, result.samples) == ("2.0", 5, 7)
    assert result.metrics == {"acc,none": 0.5, "f1,strict": 1.0}
    assert result.stderrs == {"acc,none": 0.1, "f1,strict": None}


def test_an_error_the_harness_does_not_know_is_null() -> None:
    report = evaluation(**{"acc,none": 0.5, "acc_stderr,none": "N/A"})

    [result] = harness_results(report, ("sums",))

    assert result.stderrs == {"acc,none": None}


def test_a_task_without_version_has_an_empty_one() -> None:
    report = evaluation(**{"acc,none": 0.5}) | {"versions": {"sums": None}}

    [result] = harness_results(report, ("sums",))

    assert result.version == ""


def test_a_metric_that_is_no_number_is_the_models_fault() -> None:
    report = evaluation(**{"word_perplexity,none": float("inf")})

    with pytest.raises(EvaluationFault) as caught:
        harness_results(report, ("sums",))

    failure = caught.value.failure
    assert (failure.cause, failure.reason.code) == (FailureCause.MODEL, "scores-not-finite")
    assert "word_perplexity,none of sums is inf" in failure.reason.message
