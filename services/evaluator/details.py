"""Per-sample records of one board task, as a Parquet file that DuckDB or pandas reads directly."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from services.evaluator.protocol import SamplesFile

METRIC_PREFIX = "metric_"
_ROWS_OF_A_GROUP = 256
"""Prompts repeat their examples, so a file is a hundred times as large once it is unpacked; whoever
shows a page of it unpacks a group or two."""


def write_samples(path: Path, samples: Iterable[tuple[str, dict[str, Any]]]) -> SamplesFile:
    """One row per pair of lm-eval task and logged sample. A metric is a column of float64 where
    every value is a number, of JSON text otherwise; what a sample lacks is null. Log-likelihoods
    and whether the text was the model's own choice are lists, in the order of the requests; null
    where the model wrote an answer. docs/reproduce.md lists the columns."""
    rows = list(samples)
    metrics = sorted({name for _, sample in rows for name in sample["metrics"]})
    table = pa.table(
        {
            "task": pa.array([task for task, _ in rows], pa.string()),
            "doc_id": pa.array([sample["doc_id"] for _, sample in rows], pa.int64()),
            "filter": pa.array([sample["filter"] for _, sample in rows], pa.string()),
            "doc": _json_column(sample["doc"] for _, sample in rows),
            "target": _json_column(sample["target"] for _, sample in rows),
            "arguments": _json_column(sample["arguments"] for _, sample in rows),
            "responses": _json_column(sample["resps"] for _, sample in rows),
            "filtered_responses": _json_column(sample["filtered_resps"] for _, sample in rows),
            "loglikelihoods": pa.array(
                [_loglikelihoods(sample["resps"]) for _, sample in rows], pa.list_(pa.float64())
            ),
            "is_greedy": pa.array(
                [_is_greedy(sample["resps"]) for _, sample in rows], pa.list_(pa.bool_())
            ),
            **{
                name: pa.array([sample[name] for _, sample in rows], pa.string())
                for name in ("doc_hash", "prompt_hash", "target_hash")
            },
            **{
                METRIC_PREFIX + name: _metric_column([sample.get(name) for _, sample in rows])
                for name in metrics
            },
        }
    )
    pq.write_table(table, path, compression="zstd", row_group_size=_ROWS_OF_A_GROUP)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SamplesFile(path, table.num_rows, path.stat().st_size, digest)


def _loglikelihoods(responses: list[list[Any]]) -> list[float] | None:
    """Of each request's first answer, which is `(log-likelihood, is greedy)`, a bare log-likelihood
    for a rolling one, or a text."""
    first = [answers[0][0] if _is_choice(answers[0]) else answers[0] for answers in responses]
    return None if any(isinstance(answer, str) for answer in first) else first


def _is_greedy(responses: list[list[Any]]) -> list[bool] | None:
    if not all(_is_choice(answers[0]) for answers in responses):
        return None
    return [answers[0][1] for answers in responses]


def _is_choice(answer: Any) -> bool:
    return isinstance(answer, tuple | list)


def _json_column(values: Iterable[Any]) -> pa.Array:
    texts = [json.dumps(value, default=str, ensure_ascii=False) for value in values]
    return pa.array(texts, pa.string())


def _metric_column(values: list[Any]) -> pa.Array:
    if all(value is None or isinstance(value, int | float) for value in values):
        numbers = [None if value is None else float(value) for value in values]
        return pa.array(numbers, pa.float64())
    texts = [None if value is None else json.dumps(value, default=str) for value in values]
    return pa.array(texts, pa.string())
