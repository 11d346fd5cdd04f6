"""Scores of two runs of lm-eval, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from cli.gateway import PublishedScore
from cli.rerun import CannotRunError, Report
from contracts.views import SubtaskScore


class Verdict(StrEnum):
    EQUAL = "equal"
    """To the four digits that lm-eval prints."""
    NOISE = "within noise"
    """No further apart than a standard error: a few answers changed sides."""
    DIFFERS = "differs"


@dataclass(frozen=True)
class Comparison:
    """One lm-eval task."""

    harness_task: str
    here: float
    published: float
    stderr: float | None
    """Of a score over the questions asked here; None where lm-eval knows none."""
    asked_the_same: bool | None
    """None where it cannot be told, because of a limit or an old score."""
    verdict: Verdict

    @property
    def difference(self) -> float:
        return self.here - self.published


def compare(
    published: PublishedScore, metrics: Sequence[str], report: Report, *, limited: bool
) -> list[Comparison]:
    """One per lm-eval task of a column. `limited`: the run here asked only some of the questions.
    Raises CannotRunError when the report lacks what the board shows."""
    return [_compare(subtask, metrics, report, limited=limited) for subtask in published.subtasks]


def differing_versions(
    published: Mapping[str, str], here: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Package → its version at the evaluator and here, where they are not the same."""
    return {
        name: (theirs, here[name])
        for name, theirs in published.items()
        if name in here and here[name] != theirs
    }


def _compare(
    published: SubtaskScore, metrics: Sequence[str], report: Report, *, limited: bool
) -> Comparison:
    name = published.harness_task
    reported = report.results.get(name, {})
    if missing := [metric for metric in metrics if metric not in reported]:
        raise CannotRunError(
            f"lm-eval reported no {missing[0]} for {name}.",
            "Compare the versions of lm-eval: `podium reproduce --print` shows the evaluator's.",
        )
    here = sum(reported[metric] for metric in metrics) / len(metrics)
    stderr = _stderr(reported, metrics)
    if limited and stderr is not None and published.stderr is not None:
        # A few answers that are all right or all wrong would have none.
        scale = published.samples / report.samples[name].effective
        stderr = max(stderr, published.stderr * sqrt(scale))
    known = published.prompt_hash and not limited
    return Comparison(
        harness_task=name,
        here=here,
        published=published.raw,
        stderr=stderr,
        asked_the_same=report.task_hashes.get(name) == published.prompt_hash if known else None,
        verdict=_verdict(here, published.raw, stderr, limited=limited),
    )


def _stderr(reported: Mapping[str, object], metrics: Sequence[str]) -> float | None:
    """That of an average is at most the largest."""
    errors = []
    for metric in metrics:
        name, _, metric_filter = metric.partition(",")
        error = reported.get(f"{name}_stderr,{metric_filter}")
        if not isinstance(error, int | float):  # lm-eval writes "N/A"
            return None
        errors.append(error)
    return max(errors)


def _verdict(here: float, published: float, stderr: float | None, *, limited: bool) -> Verdict:
    if f"{here:.4f}" == f"{published:.4f}":
        return Verdict.EQUAL
    # The same questions leave only rounding apart; other questions are another sample.
    tolerance = (stderr or 0.0) * (2 if limited else 1)
    return Verdict.NOISE if abs(here - published) <= tolerance else Verdict.DIFFERS
