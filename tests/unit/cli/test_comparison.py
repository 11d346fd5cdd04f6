from typing import Any

import pytest

from cli.comparison import Comparison, Verdict, compare, differing_versions
from cli.gateway import PublishedScore
from cli.rerun import CannotRunError, Report
from contracts.views import SubtaskScore

ASKED = "5e" * 32


def comparison(
    here: dict[str, Any],
    published: float,
    *,
    metrics: tuple[str, ...] = ("acc,none",),
    prompt_hash: str = ASKED,
    limited: bool = False,
) -> Comparison:
    """Of one task; `here` is what lm-eval reports of it, after 25 of 100 questions if limited."""
    subtask = SubtaskScore(
        harness_task="sums",
        raw=published,
        stderr=0.025,
        normalized=0,
        samples=100,
        prompt_hash=prompt_hash,
    )
    score = PublishedScore(subtasks=(subtask,), versions={})
    report = Report.model_validate(
        {
            "results": {"sums": here},
            "task_hashes": {"sums": ASKED},
            "n-samples": {"sums": {"original": 100, "effective": 25}},
        }
    )
    [found] = compare(score, metrics, report, limited=limited)
    return found


@pytest.mark.parametrize(
    ("here", "limited", "verdict"),
    [
        pytest.param(0.50004, False, Verdict.EQUAL, id="equal as printed"),
        pytest.param(0.54, False, Verdict.NOISE, id="an answer changed sides"),
        pytest.param(0.56, False, Verdict.DIFFERS, id="more than a standard error"),
        pytest.param(0.56, True, Verdict.NOISE, id="other questions may differ more"),
        pytest.param(0.61, True, Verdict.DIFFERS, id="more than two standard errors"),
    ],
)
def test_the_standard_error_decides_what_is_noise(
    here: float, limited: bool, verdict: Verdict
) -> None:
    found = comparison({"acc,none": here, "acc_stderr,none": 0.05}, 0.5, limited=limited)

    assert found.verdict is verdict
    assert found.difference == pytest.approx(here - 0.5)


def test_a_few_answers_that_are_all_right_prove_nothing() -> None:
    found = comparison({"acc,none": 1.0, "acc_stderr,none": 0.0}, 0.92, limited=True)

    assert found.stderr == pytest.approx(0.05)
    assert found.verdict is Verdict.NOISE


def test_without_a_standard_error_only_equal_scores_agree() -> None:
    found = comparison({"acc,none": 0.501, "acc_stderr,none": "N/A"}, 0.5)

    assert (found.verdict, found.stderr) == (Verdict.DIFFERS, None)


def test_several_metrics_are_averaged_as_the_board_does() -> None:
    reported = {
        "strict,none": 0.4,
        "strict_stderr,none": 0.02,
        "loose,none": 0.6,
        "loose_stderr,none": 0.03,
    }

    found = comparison(reported, 0.5, metrics=("strict,none", "loose,none"))

    assert found.verdict is Verdict.EQUAL
    assert found.stderr == 0.03


@pytest.mark.parametrize(
    ("prompt_hash", "limited", "asked_the_same"),
    [(ASKED, False, True), ("0" * 64, False, False), ("", False, None), (ASKED, True, None)],
)
def test_prompts_are_compared_where_that_means_something(
    prompt_hash: str, limited: bool, asked_the_same: bool | None
) -> None:
    found = comparison({"acc,none": 0.5}, 0.5, prompt_hash=prompt_hash, limited=limited)

    assert found.asked_the_same is asked_the_same


def test_a_metric_that_lm_eval_does_not_report_stops_the_comparison() -> None:
    with pytest.raises(CannotRunError, match="no acc,none for sums"):
        comparison({"f1,none": 0.5}, 0.5)


def test_versions_are_told_where_both_are_known_and_differ() -> None:
    evaluators = {"lm_eval": "0.4.13", "torch": "2.13.0+cu130", "base_model": "acme/base@1"}

    found = differing_versions(evaluators, {"lm_eval": "0.4.13", "torch": "2.13.0+cpu"})

    assert found == {"torch": ("2.13.0+cu130", "2.13.0+cpu")}
