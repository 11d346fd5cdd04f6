"""Samples of a task, read from its Parquet file. Pure: safe in any thread."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from contracts.board import BoardTask

PAGE = 20
MOST_AT_ONCE = 100
_MOST_CHARACTERS = 20_000
_CLOSE_ROWS = 64
_METRIC_PREFIX = "metric_"
# Rows of one document in two files, whichever way its prompt was wrapped.
_DOCUMENT = ("task", "doc_id", "doc_hash", "target_hash")
_SHOWN = (
    *("arguments", "target", "filtered_responses", "loglikelihoods", "is_greedy"),
    *("doc_hash", "prompt_hash"),
)


class Choice(msgspec.Struct, frozen=True):
    text: str | None
    """Null where the task's questions are not to be shown."""
    loglikelihood: float
    is_greedy: bool | None
    """Whether the model would have written it by itself."""
    is_target: bool
    is_chosen: bool
    """Whether the model's answer is this one, by what the task's metric maximises."""


class Sample(msgspec.Struct, frozen=True):
    number: int
    """Its row in the file, from 0."""
    harness_task: str
    doc_id: int
    """The document's place in it."""
    score: float | None
    """Mean of the task's metrics: 1 is right, 0 is wrong; null where they are no such numbers."""
    prompt: str | None
    """What the model read, without the choice; null where it is not to be shown."""
    choices: tuple[Choice, ...]
    """Empty where the model wrote an answer."""
    answer: str | None
    """What it wrote, after the task's filter; null for choices."""
    target: str | None
    """The right answer."""
    doc_hash: str
    prompt_hash: str


@dataclass(frozen=True)
class Asked:
    """Which samples somebody wants to see."""

    wrong: bool = False
    """Only those whose score is below 1."""
    search: str = ""
    """Text that the document, the target or the answer contains, whatever its case."""
    subtask: str = ""
    """lm-eval's task; empty for all."""
    offset: int = 0
    limit: int = PAGE


@dataclass(frozen=True)
class Page:
    samples: tuple[Sample, ...]
    total: int
    """On all pages."""
    subtasks: tuple[str, ...]
    """There are, in the order of the file."""


def read_page(body: bytes, task: BoardTask, asked: Asked) -> Page:
    """`body` is the file. Texts of a task that shows no questions are left out, and are not
    searched either."""
    found = _scored(body, task)
    subtasks = tuple(found["task"].unique(maintain_order=True))
    if asked.subtask:
        found = found.filter(pl.col("task") == asked.subtask)
    if asked.wrong:
        found = found.filter(pl.col("score") < 1)
    if asked.search and task.shows_questions:
        found = found.filter(pl.col("number").is_in(containing(body, asked.search).implode()))
    page = found.slice(asked.offset, asked.limit)
    return Page(_samples(body, page, task), found.height, subtasks)


@dataclass(frozen=True)
class Pairs:
    """Two models' scores on the same documents."""

    rows: pl.DataFrame
    """`first` and `second`, with their rows' `number` and `number_second`."""
    same_prompts: bool
    """Whether both read the same words, which a chat template changes."""

    @property
    def differing(self) -> pl.DataFrame:
        return self.rows.filter(pl.col("first") != pl.col("second"))


def pairs(first: bytes, second: bytes, task: BoardTask) -> Pairs:
    """Documents that stand in both files and are scored in both, in the order of the first."""
    joined = _scored(first, task).join(
        _scored(second, task), on=_DOCUMENT, how="inner", suffix="_second", maintain_order="left"
    )
    known = joined.drop_nulls(["score", "score_second"])
    return Pairs(
        known.rename({"score": "first", "score_second": "second"}),
        bool((known["prompt_hash"] == known["prompt_hash_second"]).all()),
    )


def read_numbers(body: bytes, task: BoardTask, numbers: Sequence[int]) -> tuple[Sample, ...]:
    """Samples by their rows, in this order."""
    scored = _scored(body, task)
    wanted = pl.DataFrame({"number": pl.Series(numbers, dtype=scored.schema["number"])})
    return _samples(body, wanted.join(scored, on="number", maintain_order="left"), task)


def _scored(body: bytes, task: BoardTask) -> pl.DataFrame:
    """One row per document: what identifies it, its `number` and its `score`."""
    lines = pl.scan_parquet(io.BytesIO(body)).with_row_index("number")
    known = lines.collect_schema().names()
    columns = {
        f"{_METRIC_PREFIX}{metric}": filter_
        for metric, _, filter_ in (name.partition(",") for name in task.metrics)
    }
    present = [column for column in columns if column in known]
    rows = lines.select(
        "number", "filter", "prompt_hash", *_DOCUMENT, *(pl.col(one) for one in present)
    ).collect()
    if not present:
        return rows.filter(pl.col("filter") == rows["filter"].first()).with_columns(
            score=pl.lit(None, pl.Float64)
        )
    parts = [
        rows.filter(pl.col("filter") == columns[column]).select(
            "number", "prompt_hash", *_DOCUMENT, _metric(rows[column]).alias("score")
        )
        for column in present
    ]
    return (
        pl.concat(parts)
        .group_by(_DOCUMENT, maintain_order=True)
        .agg(
            pl.col("number").first(),
            pl.col("prompt_hash").first(),
            # A metric that is unknown makes the whole unknown, or the mean would be of others.
            score=pl.when(pl.col("score").is_not_null().all()).then(pl.col("score").mean()),
        )
    )


def _metric(column: pl.Series) -> pl.Expr:
    """Numbers as they are; of lists of yes and no, such as IFEval's instructions, the share of
    yes."""
    cell = pl.col(column.name)
    if column.dtype != pl.String:
        return cell.cast(pl.Float64)
    if not column.drop_nulls().str.contains(r"^\[(?:(?:true|false)(?:, )?)+\]$").all():
        return pl.lit(None, pl.Float64)
    return cell.str.json_decode(pl.List(pl.Boolean)).list.mean()


def containing(body: bytes, text: str) -> pl.Series:
    """Numbers of the rows whose document, target or answer contains it, whatever its case. What
    stands in the file is JSON, and so is what is looked for."""
    wanted = json.dumps(text, ensure_ascii=False)[1:-1].lower()
    read = ("doc", "target", "filtered_responses")
    return (
        pl.scan_parquet(io.BytesIO(body))
        .with_row_index("number")
        .filter(
            pl.any_horizontal(
                pl.col(name).str.to_lowercase().str.contains(wanted, literal=True) for name in read
            )
        )
        .select("number")
        .collect()
        .to_series()
    )


def _samples(body: bytes, rows: pl.DataFrame, task: BoardTask) -> tuple[Sample, ...]:
    if rows.is_empty():
        return ()
    columns = [name for name in _SHOWN if name not in rows.columns]
    # Prompts are large once they are unpacked: slices unpack those around them and no others.
    read = pl.concat(
        pl.scan_parquet(io.BytesIO(body))
        .slice(begin, end - begin)
        .select(columns)
        .with_row_index("number", begin)
        .collect()
        for begin, end in _runs(rows["number"].sort().to_list())
    )
    joined = rows.join(read, on="number", how="left", maintain_order="left")
    return tuple(_sample(row, task) for row in joined.iter_rows(named=True))


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """From and to (itself beyond) of ascending numbers that stand close together."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number - runs[-1][1] < _CLOSE_ROWS:
            runs[-1] = (runs[-1][0], number + 1)
        else:
            runs.append((number, number + 1))
    return runs


def _sample(row: dict[str, Any], task: BoardTask) -> Sample:
    arguments = json.loads(row["arguments"])
    target = json.loads(row["target"])
    choices = _choices(row, arguments, target, task)
    shows = task.shows_questions
    return Sample(
        number=row["number"],
        harness_task=row["task"],
        doc_id=row["doc_id"],
        score=row["score"],
        prompt=_text(arguments[0][0]) if shows and arguments and arguments[0] else None,
        choices=choices,
        answer=_answer(row["filtered_responses"]) if shows and not choices else None,
        target=_target(target, choices) if shows else None,
        doc_hash=row["doc_hash"],
        prompt_hash=row["prompt_hash"],
    )


def _choices(
    row: dict[str, Any], arguments: list[list[Any]], target: Any, task: BoardTask
) -> tuple[Choice, ...]:
    likelihoods = row["loglikelihoods"]
    if likelihoods is None or len(likelihoods) != len(arguments) or len(arguments) < 2:
        return ()
    texts = [str(argument[1]).removeprefix(" ") for argument in arguments]
    right = _place(target, texts)
    by_length = task.metrics[0].startswith("acc_norm")
    ranked = [
        one / max(len(text), 1) if by_length else one
        for one, text in zip(likelihoods, texts, strict=True)
    ]
    chosen: int | None = ranked.index(max(ranked))
    # lm-eval's own verdict counts: what contradicts it was worked out in another way than here.
    if row["score"] in (0.0, 1.0) and right is not None and (chosen == right) != row["score"]:
        chosen = right if row["score"] else None
    greedy = row["is_greedy"] or [None] * len(texts)
    return tuple(
        Choice(
            text=_text(text) if task.shows_questions else None,
            loglikelihood=likelihood,
            is_greedy=is_greedy,
            is_target=place == right,
            is_chosen=place == chosen,
        )
        for place, (text, likelihood, is_greedy) in enumerate(
            zip(texts, likelihoods, greedy, strict=True)
        )
    )


def _place(target: Any, texts: Sequence[str]) -> int | None:
    """Of the right choice: tasks name it by its place or by its text."""
    if isinstance(target, int) and not isinstance(target, bool):
        return target if 0 <= target < len(texts) else None
    wanted = str(target).strip()
    matching = [place for place, text in enumerate(texts) if text.strip() == wanted]
    return matching[0] if matching else None


def _target(target: Any, choices: Sequence[Choice]) -> str:
    right = next((choice.text for choice in choices if choice.is_target), None)
    return right or _text(target if isinstance(target, str) else json.dumps(target))


def _answer(responses: str) -> str:
    answers = json.loads(responses)
    first = answers[0] if isinstance(answers, list) and answers else answers
    return _text(first if isinstance(first, str) else json.dumps(first, ensure_ascii=False))


def _text(value: object) -> str:
    text = str(value)
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]}… ({len(text):,} characters)"
