"""Whether two models differ by more than chance. Pure; docs/scoring.md has the formulas."""

from dataclasses import dataclass
from math import erfc, sqrt
from typing import Literal

import polars as pl

from services.gateway.query.standing import Z_95

RESAMPLES = 10_000
_SEED = 1234
_DRAWS_AT_ONCE = 2_000_000
"""Documents that are in memory at once while resampling."""

Method = Literal["mcnemar", "bootstrap", "z"]


@dataclass(frozen=True)
class Test:
    """Of the difference `first - second`, with the scale of what was given."""

    method: Method
    difference: float
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end of it."""
    p: float
    """How probable so large a difference is, in either direction, where there is none."""
    samples: int | None
    """Pairs that were compared; null where there are none."""


def paired_test(first: pl.Series, second: pl.Series) -> Test | None:
    """Of two models' scores on the same documents, in the same order: McNemar's test where every
    score is 0 or 1, else the paired bootstrap. None without documents."""
    if first.is_empty():
        return None
    if pl.concat([first, second]).is_in([0.0, 1.0]).all():
        return mcnemar(
            only_first=int((first > second).sum()),
            only_second=int((first < second).sum()),
            samples=len(first),
        )
    return bootstrap(first - second)


def mcnemar(only_first: int, only_second: int, samples: int) -> Test:
    """The exact test: under the null hypothesis each document that one model alone got right is
    the one's or the other's like a fair coin (McNemar 1947; exact: Mosteller 1952). The interval
    is Wald's for paired proportions."""
    discordant = only_first + only_second
    difference = (only_first - only_second) / samples
    fewer = min(only_first, only_second)
    tail, term = 0, 1
    for successes in range(fewer + 1):
        tail += term
        term = term * (discordant - successes) // (successes + 1)
    # Python divides integers of any size exactly rounded, where a float would be 0 or infinite.
    p = min(1.0, 2 * tail / 2**discordant)
    error = sqrt(max(discordant - (only_first - only_second) ** 2 / samples, 0.0)) / samples
    return Test(
        "mcnemar", difference, difference - Z_95 * error, difference + Z_95 * error, p, samples
    )


def bootstrap(differences: pl.Series, resamples: int = RESAMPLES, seed: int = _SEED) -> Test:
    """The percentile bootstrap of a mean over documents (Efron and Tibshirani 1993, chapter 13):
    the interval holds the middle 95 % of the means, and p is twice the smaller share of them on one
    side of 0, with the data themselves counted as one resample (Davison and Hinkley 1997, 4.2)."""
    count = len(differences)
    means = []
    batch = max(1, _DRAWS_AT_ONCE // count)
    for number, begin in enumerate(range(0, resamples, batch)):
        rows = min(batch, resamples - begin)
        drawn = differences.sample(rows * count, with_replacement=True, seed=seed + number)
        means.append(drawn.reshape((rows, count)).arr.mean())
    mean = pl.concat(means)
    below, above = int((mean <= 0).sum()), int((mean >= 0).sum())
    low, high = mean.quantile(0.025, "linear"), mean.quantile(0.975, "linear")
    observed = differences.mean()
    assert isinstance(observed, float)
    assert low is not None
    assert high is not None
    p = min(1.0, 2 * (1 + min(below, above)) / (resamples + 1))
    return Test("bootstrap", observed, low, high, p, count)


def unpaired_test(
    first: float, second: float, first_error: float | None, second_error: float | None
) -> Test | None:
    """From standard errors alone, as if the models had been asked different questions: it finds
    less than a paired test would. None where an error is unknown."""
    if first_error is None or second_error is None:
        return None
    difference, error = first - second, sqrt(first_error**2 + second_error**2)
    p = erfc(abs(difference) / error / sqrt(2)) if error else float(difference == 0)
    return Test("z", difference, difference - Z_95 * error, difference + Z_95 * error, p, None)
