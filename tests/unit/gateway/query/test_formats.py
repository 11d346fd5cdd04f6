"""The same rows in every format."""

import io
import json

import polars as pl
import pytest
from pyarrow import ipc
from pyarrow import parquet as pq

from contracts.views import Flag
from services.gateway.http.errors import Refusal
from services.gateway.query.asked import Asked, Scores
from services.gateway.query.engine import find
from services.gateway.query.formats import Format, wanted_format, written
from tests.unit.gateway.examples import NOON, a_ranked_board, an_entry

RANKED = a_ranked_board(
    an_entry("acme/a", facts=0.1 + 0.2).model_copy(
        update={"flag": Flag(reason='says "hi", twice', link=None, at=NOON), "license": ""}
    ),
    an_entry("acme/b", facts=None),
)


def rows_in(format_: Format, asked: Asked) -> pl.DataFrame:
    """Read back as its readers do."""
    columns = RANKED.snapshot.columns
    body = written(find(RANKED, asked.query(columns)).rows, asked.shown(columns), format_)
    match format_:
        case Format.CSV:
            return pl.read_csv(body, try_parse_dates=True)
        case Format.JSONL:
            return pl.DataFrame([json.loads(line) for line in body.splitlines()])
        case Format.PARQUET:
            return pl.read_parquet(io.BytesIO(body))
        case _:
            return pl.read_ipc(io.BytesIO(body))


@pytest.mark.parametrize("format_", [Format.CSV, Format.JSONL, Format.PARQUET, Format.ARROW])
def test_a_file_has_the_columns_that_are_asked_for_and_every_value(format_: Format) -> None:
    asked = Asked(columns="model, License,facts,facts_raw,rank,flag_reason,flagged,params")

    rows = rows_in(format_, asked)

    assert rows.columns == [
        "model",
        "license",
        "facts",
        "facts_raw",
        "rank",
        "flag_reason",
        "flagged",
        "parameters",
    ]
    score = 0.1 + 0.2
    assert rows.rows() == [
        (
            "acme/a",
            None,
            score,
            0.25 + 0.75 * score / 100,
            1,
            'says "hi", twice',
            True,
            0.001312,
        ),
        ("acme/b", "apache-2.0", None, None, None, None, False, 0.001312),
    ]


@pytest.mark.parametrize("format_", [Format.PARQUET, Format.ARROW])
def test_moments_keep_their_zone_in_files_that_have_types(format_: Format) -> None:
    assert rows_in(format_, Asked(columns="updated"))["updated"].to_list() == [NOON, NOON]


def test_files_with_types_have_those_that_every_reader_of_arrow_knows() -> None:
    columns = RANKED.snapshot.columns
    rows = find(RANKED, Asked().query(columns)).rows

    parquet = pq.read_schema(io.BytesIO(written(rows, tuple(columns), Format.PARQUET)))
    arrow = ipc.open_file(written(rows, tuple(columns), Format.ARROW)).schema

    assert arrow.equals(parquet)
    assert {str(field.type) for field in arrow} == {
        *("int64", "double", "bool", "large_string", "timestamp[us, tz=UTC]"),
    }
    whole = [column.name for column in columns if column.whole]
    assert [field.name for field in arrow if str(field.type) == "int64"] == whole


def test_moments_are_iso_8601_in_files_of_text() -> None:
    for format_ in (Format.CSV, Format.JSONL):
        columns = RANKED.snapshot.columns
        rows = find(RANKED, Asked().query(columns)).rows
        assert b"2026-01-01T12:00:00Z" in written(rows, [columns["updated"]], format_)


def test_tables_show_normalised_scores_or_raw_ones_or_both() -> None:
    columns = RANKED.snapshot.columns

    def shown(scores: Scores | None) -> set[str]:
        return {column.name for column in Asked(scores=scores).shown(columns)}

    assert {"facts", "facts_raw"} <= shown(None)
    assert shown(None) - shown(Scores.RAW) == {"facts", "grammar"}
    assert shown(None) - shown(Scores.NORMALIZED) == {"facts_raw", "grammar_raw"}


def test_a_column_that_there_is_not_is_refused() -> None:
    with pytest.raises(Refusal, match="Did you mean 'license'"):
        Asked(columns="model,licens").shown(RANKED.snapshot.columns)


def test_the_format_is_what_the_address_says_else_what_the_client_accepts() -> None:
    assert wanted_format("csv", lambda types: types[0]) is Format.CSV
    assert wanted_format(None, lambda types: "application/vnd.apache.parquet") is Format.PARQUET
    assert wanted_format(None, lambda types: None) is Format.JSON
    with pytest.raises(Refusal):
        wanted_format("xml", lambda types: None)
