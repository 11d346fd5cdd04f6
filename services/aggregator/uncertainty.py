"""How sure a score is: standard errors through the clamp at chance and through averages.

What each formula assumes stands in docs/scoring.md; a test compares them with a bootstrap."""

from collections.abc import Sequence
from math import erfc, exp, fsum, hypot, pi, sqrt

# A normal variable that is this many standard deviations above 0 is never clamped, in floats.
_NEVER_CLAMPED = 8
# Nor is one that is this many below it ever anything else; its density underflows.
_ALWAYS_CLAMPED = 38


def of_share(share: float, samples: int) -> float | None:
    """At most, for a mean over documents that score between 0 and 1: no such variable varies more
    than a coin of the same mean (Bhatia and Davis, 2000). None for other ranges or one document."""
    if not 0 <= share <= 1 or samples < 2:
        return None
    return sqrt(share * (1 - share) / (samples - 1))


def of_clamped(value: float, stderr: float) -> float:
    """The standard deviation of max(0, X) for a normal X with this mean and deviation: `stderr`
    where the clamp is far, less near it, 0 far below."""
    if value >= _NEVER_CLAMPED * stderr:
        return stderr
    if value <= -_ALWAYS_CLAMPED * stderr:  # also where all documents score alike: no error at all
        return 0.0
    above = value / stderr
    density = exp(-above * above / 2) / sqrt(2 * pi)
    share = erfc(-above / sqrt(2)) / 2
    mean = above * share + density
    square = (1 + above * above) * share + above * density
    return stderr * sqrt(max(0.0, square - mean * mean))


def of_mean(
    stderrs: Sequence[float | None], weights: Sequence[float] | None = None
) -> float | None:
    """Of the weighted mean of independent parts; None when that of any part is unknown."""
    shares = weights or [1.0] * len(stderrs)
    known = [stderr for stderr in stderrs if stderr is not None]
    if not known or len(known) < len(stderrs):
        return None
    products = (weight * stderr for weight, stderr in zip(shares, known, strict=True))
    return hypot(*products) / fsum(shares)


def of_dependent_mean(stderrs: Sequence[float | None]) -> float | None:
    """At most, for the mean of parts that move together, such as metrics of the same answers: as
    if each determined the others."""
    known = [stderr for stderr in stderrs if stderr is not None]
    if not known or len(known) < len(stderrs):
        return None
    return fsum(known) / len(known)
