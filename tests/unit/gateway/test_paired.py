"""Formulas against values worked out by hand, and against what they promise."""

import random
from math import sqrt

import polars as pl
import pytest

from services.gateway.comparison.paired import bootstrap, mcnemar, paired_test, unpaired_test


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [
        pytest.param(9, 1, 2 * (1 + 10) / 2**10, id="10 of which one went the other way"),
        pytest.param(0, 5, 2 / 2**5, id="5 that all went one way"),
        pytest.param(12, 5, 2 * (1 + 17 + 136 + 680 + 2380 + 6188) / 2**17, id="12 against 5"),
        pytest.param(5, 5, 1.0, id="as many each way"),
        pytest.param(0, 0, 1.0, id="no difference at all"),
    ],
)
def test_mcnemar_is_the_exact_binomial_test(only_first: int, only_second: int, p: float) -> None:
    assert mcnemar(only_first, only_second, 100).p == pytest.approx(p, rel=1e-12)


def test_mcnemar_takes_large_counts() -> None:
    """The normal approximation, with its correction for continuity, is close by then."""
    found = mcnemar(3_100, 2_900, 12_000)
    z = (200 - 1) / sqrt(6_000)

    assert found.p == pytest.approx(0.0102, abs=2e-4)
    assert z == pytest.approx(2.569, abs=1e-3)
    assert found.difference == pytest.approx(200 / 12_000)
    assert found.low > 0


def test_only_scores_of_0_and_1_are_mcnemars() -> None:
    first, second = pl.Series([1.0, 1.0, 0.0, 1.0]), pl.Series([0.0, 1.0, 1.0, 0.0])

    found = paired_test(first, second)
    assert found is not None
    assert (found.method, found.difference, found.samples) == ("mcnemar", 0.25, 4)
    partly = paired_test(first * 0.5, second)
    assert partly is not None
    assert partly.method == "bootstrap"
    assert paired_test(first.clear(), second.clear()) is None


def test_the_bootstrap_finds_the_error_of_a_mean() -> None:
    dice = random.Random(7)
    differences = pl.Series([dice.gauss(0.1, 1) for _ in range(400)])

    found = bootstrap(differences)

    deviation, mean = differences.std(), differences.mean()
    assert isinstance(deviation, float)
    assert isinstance(mean, float)
    half = 1.96 * deviation / sqrt(400)
    assert found.difference == pytest.approx(mean)
    assert found.low == pytest.approx(mean - half, abs=0.02)
    assert found.high == pytest.approx(mean + half, abs=0.02)
    assert bootstrap(differences) == found, "the same seed, the same answer"


def test_the_bootstrap_is_as_sure_as_the_data() -> None:
    assert bootstrap(pl.Series([0.5, 1.0, 0.5] * 50)).p == pytest.approx(2 / 10_001)
    assert bootstrap(pl.Series([0.5, -0.5] * 50)).p > 0.9
    assert bootstrap(pl.Series([0.0] * 50)).p == 1.0


def test_the_bootstrap_calls_no_more_than_one_in_twenty_equal_pairs_different() -> None:
    dice = random.Random(11)
    called = [
        bootstrap(pl.Series([dice.gauss(0, 1) for _ in range(80)]), resamples=1_000).p < 0.05
        for _ in range(300)
    ]

    assert sum(called) / 300 < 0.09


def test_without_pairs_the_standard_errors_decide() -> None:
    found = unpaired_test(52.0, 50.0, 0.6, 0.8)

    assert found is not None
    assert found.p == pytest.approx(0.0455, abs=1e-4), "two standard errors of the difference"
    assert found.low == pytest.approx(2 - 1.96, abs=1e-3)
    assert unpaired_test(52.0, 50.0, None, 0.8) is None
    assert unpaired_test(50.0, 50.0, 0.0, 0.0).p == 1.0  # type: ignore[union-attr]
