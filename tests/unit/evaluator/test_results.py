import pytest

from contracts.evaluation import DataSet, FailureCause
from services.evaluator.failures import EvaluationFault
from services.evaluator.results import harness_results, task_hash

DATA = {"sums": DataSet(repo_id="acme/sums", revision="c" * 40)}
SAMPLE = {"doc_hash": "d", "prompt_hash": "p", "target_hash": "t"}


def evaluation(**metrics: object) -> dict[str, object]:
    return {
        "results": {"sums": {"name": "sums", "alias": " - sums", "sample_len": 7, **metrics}},
        "versions": {"sums": 2.0},
        "n-shot": {"sums": 5},
        "n-samples": {"sums": {"original": 9, "effective": 7}},
        "samples": {"sums": [SAMPLE]},
    }


def test_metrics_and_their_errors_keep_the_harness_keys() -> None:
    report = evaluation(**{"acc,none": 0.5, "acc_stderr,none": 0.1, "f1,strict": 1})

    [result] = harness_results(report, ("sums",), DATA)

    assert (result.version, result.shots, result.samples) == ("2.0", 5, 7)
    assert result.metrics == {"acc,none": 0.5, "f1,strict": 1.0}
    assert result.stderrs == {"acc,none": 0.1, "f1,strict": None}


def test_an_error_the_harness_does_not_know_is_null() -> None:
    report = evaluation(**{"acc,none": 0.5, "acc_stderr,none": "N/A"})

    [result] = harness_results(report, ("sums",), DATA)

    assert result.stderrs == {"acc,none": None}


def test_a_task_without_version_has_an_empty_one() -> None:
    report = evaluation(**{"acc,none": 0.5}) | {"versions": {"sums": None}}

    [result] = harness_results(report, ("sums",), DATA)

    assert result.version == ""


def test_a_metric_that_is_no_number_is_the_models_fault() -> None:
    report = evaluation(**{"word_perplexity,none": float("inf")})

    with pytest.raises(EvaluationFault) as caught:
        harness_results(report, ("sums",), DATA)

    failure = caught.value.failure
    assert (failure.cause, failure.reason.code) == (FailureCause.MODEL, "scores-not-finite")
    assert "word_perplexity,none of sums is inf" in failure.reason.message


def test_a_result_names_its_data_and_hashes_what_was_asked() -> None:
    report = evaluation(**{"acc,none": 0.5})

    [result] = harness_results(report, ("sums",), DATA)

    assert result.data == DATA["sums"]
    # SHA-256 of "dpt"
    assert result.prompt_hash == "6693fc985e5b1d6c03119d2a5b55af47b33cc46b93bfe393ba0fb102f341bce1"


def test_another_prompt_gives_another_hash() -> None:
    assert task_hash([SAMPLE]) != task_hash([SAMPLE | {"prompt_hash": "q"}])
