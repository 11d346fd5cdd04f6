import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from services.evaluator.details import write_samples


def sample(
    doc_id: int, responses: list[list[object]] | None = None, **metrics: object
) -> dict[str, object]:
    answers = responses or [[(-1.5, False)]]
    return {
        "doc_id": doc_id,
        "doc": {"question": f"Is {doc_id} even?"},
        "target": doc_id % 2,
        "arguments": [("Is it?", " yes")],
        "resps": answers,
        "filtered_resps": [answer[0] for answer in answers],
        "filter": "none",
        "doc_hash": f"doc {doc_id}",
        "prompt_hash": f"prompt {doc_id}",
        "target_hash": f"target {doc_id}",
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


def test_each_choice_has_its_log_likelihood_and_whether_it_was_greedy(tmp_path: Path) -> None:
    samples = [("evens", sample(0, [[(-1.5, False)], [(-0.5, True)]], acc=1.0))]

    file = write_samples(tmp_path / "task.parquet", samples)

    [row] = pq.read_table(file.path).to_pylist()
    assert (row["loglikelihoods"], row["is_greedy"]) == ([-1.5, -0.5], [False, True])
    assert (row["doc_hash"], row["prompt_hash"], row["target_hash"]) == (
        "doc 0",
        "prompt 0",
        "target 0",
    )


@pytest.mark.parametrize(
    ("answer", "loglikelihoods"),
    [pytest.param("blue", None, id="written"), pytest.param(-12.5, [-12.5], id="rolling")],
)
def test_what_is_no_choice_has_no_greedy_column(
    tmp_path: Path, answer: object, loglikelihoods: list[float] | None
) -> None:
    file = write_samples(tmp_path / "task.parquet", [("evens", sample(0, [[answer]], acc=1.0))])

    [row] = pq.read_table(file.path).to_pylist()
    assert (row["loglikelihoods"], row["is_greedy"]) == (loglikelihoods, None)


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
