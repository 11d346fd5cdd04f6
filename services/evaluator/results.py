"""What lm-eval returns, as the contract has it."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.evaluation import DataSet, HarnessResult
from runtime.harness_results import metrics_and_stderrs
from services.evaluator.failures import blame_model


def harness_results(
    evaluation: dict[str, Any], harness_tasks: tuple[str, ...], data_sets: Mapping[str, DataSet]
) -> tuple[HarnessResult, ...]:
    """One result per lm-eval task. `evaluation` is what lm-eval's `evaluate` returned: under
    `results`, a task's metrics are `acc,none` and their errors `acc_stderr,none`."""
    return tuple(_result(evaluation, task, data_sets[task]) for task in harness_tasks)


def task_hash(samples: Iterable[Mapping[str, Any]]) -> str:
    """The hash that lm-eval's CLI writes as `task_hashes` beside its results; it is worked out in
    lm_eval/loggers/evaluation_tracker.py, in the middle of writing a file."""
    hashes = [
        sample["doc_hash"] + sample["prompt_hash"] + sample["target_hash"] for sample in samples
    ]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _result(evaluation: dict[str, Any], task: str, data: DataSet) -> HarnessResult:
    metrics, stderrs = metrics_and_stderrs(evaluation["results"][task])
    for key, value in metrics.items():
        if not math.isfinite(value):
            raise blame_model(
                "scores-not-finite",
                f"{key} of {task} is {value}.",
                "Check the model at the submitted precision; float16 overflows where bfloat16"
                " does not.",
            )
    version = evaluation["versions"].get(task)
    return HarnessResult(
        task=task,
        version="" if version is None else str(version),
        shots=evaluation["n-shot"].get(task) or 0,
        samples=evaluation["n-samples"][task]["effective"],
        metrics=metrics,
        stderrs=stderrs,
        prompt_hash=task_hash(evaluation["samples"][task]),
        data=data,
    )
