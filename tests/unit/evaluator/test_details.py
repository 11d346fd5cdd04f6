import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq

from services.evaluator.details import write_samples


def sample(doc_id: int, **metrics: object) -> dict[str, object]:
    return {
        "doc_id": doc_id,
        "doc": {"question": f"Is {doc_id} even?"},
        "target": doc_id % 2,
        "arguments": [("Is it?", " yes")],
        "resps": [[(-1.5, False)]],
        "filtered_resps": [(-1.5, False)],
        "filter": "none",
        "metrics": list(metrics),
        **metrics,
    }


def test_each_sample_is_a_row_and_each_metric_a_column(tmp_path: Path) -> None:
    samples = [("evens", sample(0, acc=1.0)), ("odds", sample(1, f1=0))]

    file = write_samples(tmp_path / "task.parquet", samples)

    rows = pq.read_table(file.path).to_pylist()
    assert [row["task"] for row in rows] == ["evens", "odds"]
    assert [row["metric_acc"] for row in rows] == [1.0, None]
    assert [row["metric_f1"] for row in rows] == [None, 0.0]
    assert json.loads(rows[0]["doc"]) == {"question": "Is 0 even?"}
    assert json.loads(rows[0]["responses"]) == [[[-1.5, False]]]


def test_a_metric_that_is_no_number_is_kept_as_json(tmp_path: Path) -> None:
    samples = [("reading", sample(0, word_perplexity=(-12.5, 4)))]

    file = write_samples(tmp_path / "task.parquet", samples)

    [row] = pq.read_table(file.path).to_pylist()
    assert json.loads(row["metric_word_perplexity"]) == [-12.5, 4]


def test_size_and_digest_are_those_of_the_file(tmp_path: Path) -> None:
    file = write_samples(tmp_path / "task.parquet", [("evens", sample(0, acc=1.0))])

    content = file.path.read_bytes()
    assert (file.rows, file.size_bytes) == (1, len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()
