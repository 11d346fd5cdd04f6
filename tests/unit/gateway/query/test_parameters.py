"""What the API says about parameters that it cannot take."""

import pytest

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.asked import Ranks, Scores
from services.gateway.query.choices import one_of
from services.gateway.query.parameters import check_names, provide_asked
from services.gateway.query.weights import read_weighting

TASKS = ("ifeval", "mmlu-pro")


def test_a_parameter_that_there_is_not_is_refused_with_those_there_are() -> None:
    check_names(["search", "type", "format"], "format")

    with pytest.raises(Refusal, match=r"no parameter 'precison'. Did you mean 'precision'\?") as it:
        check_names(["search", "precison"])

    assert it.value.code is ErrorCode.INVALID_REQUEST
    assert it.value.details
    assert it.value.details["parameter"] == "precison"
    assert "as_of" in it.value.details["choices"]
    with pytest.raises(Refusal, match=r"no parameter 'format'\."):
        check_names(["format"])


def test_one_of_a_few_is_found_in_any_case_and_else_all_are_told() -> None:
    assert one_of("size", " Edge", ["edge", "consumer"]) == "edge"

    with pytest.raises(Refusal, match="`size` cannot be 'huge'") as refused:
        one_of("size", "huge", ["edge", "consumer"])

    assert refused.value.advice == "Choose among: edge, consumer."
    assert refused.value.details == {"parameter": "size", "choices": ["edge", "consumer"]}


def test_ranks_and_scores_are_read_as_they_are_meant() -> None:
    asked = provide_asked(ranks="DYNAMIC", scores="raw")

    assert (asked.ranks, asked.scores) == (Ranks.DYNAMIC, Scores.RAW)
    with pytest.raises(Refusal, match="`scores` cannot be 'both'"):
        provide_asked(scores="both")


@pytest.mark.parametrize(
    ("tasks", "weights", "means"),
    [
        ("IFEval", "", "ifeval:1"),
        ("mmlu_pro", "", "mmlu-pro:1"),
        ("", "IFEval : 2", "ifeval:2,mmlu-pro:1"),
        ("", "MMLU-PRO:0", "ifeval:1"),
        ("ifeval,mmlu-pro", "", ""),
    ],
)
def test_tasks_are_named_as_in_a_search(tasks: str, weights: str, means: str) -> None:
    assert str(read_weighting(tasks, weights, TASKS)) == means


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("ifeval", "ifeval has no weight."),
        ("ifeval=2", "This board has no task 'ifeval=2'."),
        ("ifeval:two", "The weight of ifeval cannot be 'two'."),
        ("bbh:2", "This board has no task 'bbh'."),
    ],
)
def test_weights_that_cannot_be_read_are_told_by_their_task(weights: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_weighting("", weights, TASKS)

    assert refused.value.message == said
