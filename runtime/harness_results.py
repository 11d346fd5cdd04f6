"""What lm-eval reports for a task, taken apart: its metrics and their standard errors."""

import math
from collections.abc import Mapping


def metrics_and_stderrs(
    reported: Mapping[str, object],
) -> tuple[dict[str, float], dict[str, float | None]]:
    """Both under lm-eval's keys, `metric,filter`; an error stands beside it under
    `metric_stderr,filter`, and is None where lm-eval writes "N/A". What is no number is left out;
    metrics that are not finite are kept."""
    metrics: dict[str, float] = {}
    stderrs: dict[str, float | None] = {}
    for key, value in reported.items():
        metric, comma, metric_filter = key.partition(",")
        if not comma or metric.endswith("_stderr") or not isinstance(value, int | float):
            continue
        metrics[key] = float(value)
        stderr = reported.get(f"{metric}_stderr,{metric_filter}")
        stderrs[key] = None
        if isinstance(stderr, int | float) and math.isfinite(stderr):
            stderrs[key] = float(stderr)
    return metrics, stderrs
