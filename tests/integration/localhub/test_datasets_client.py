import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = [{"question": "1+1", "answer": 2}, {"question": "2+2", "answer": 4}]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)
CARD = """---
configs:
- config_name: easy
  data_files: [{split: train, path: easy/train.jsonl}]
- config_name: hard
  data_files: [{split: train, path: hard/*.jsonl}]
---
"""
NAMES = [
    "rows/jsonl",
    "rows/gzip",
    "rows/parquet",
    "rows/parquet@streaming",
    "rows/configs:easy",
    "rows/configs:hard",
]


@pytest.fixture(scope="module")
def loaded(
    write_repo: Callable[..., Path], run_client: Callable[..., str]
) -> dict[str, list[dict[str, object]]]:
    """The rows that load_dataset gives for each of NAMES."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), buffer)
    parquet = buffer.getvalue()
    repos: dict[str, dict[str, str | bytes]] = {
        "rows/jsonl": {"train.jsonl": JSONL},
        "rows/gzip": {"data/train.jsonl.gz": gzip.compress(JSONL.encode())},
        "rows/parquet": {"data/train-00000-of-00001.parquet": parquet},
        "rows/configs": {
            "README.md": CARD,
            "easy/train.jsonl": JSONL,
            "hard/train.jsonl": "".join(reversed(JSONL.splitlines(keepends=True))),
        },
    }
    for repo_id, files in repos.items():
        write_repo(repo_id, files, kind="datasets")
    rows: dict[str, list[dict[str, object]]] = json.loads(run_client("load_datasets.py", *NAMES))
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_is_loaded_row_for_row(
    loaded: dict[str, list[dict[str, object]]], name: str
) -> None:
    assert loaded[name] == (ROWS[::-1] if name.endswith(":hard") else ROWS)
