"""Rows as files: CSV, JSON Lines, Parquet and Arrow IPC, with exactly the columns shown."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from services.gateway.query.choices import one_of
from services.gateway.query.columns import Column


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    ARROW = "arrow"


@dataclass(frozen=True)
class _Writer:
    media_type: str
    write: Callable[[pl.DataFrame], bytes]


def _csv(rows: pl.DataFrame) -> bytes:
    return rows.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ").encode()


def _jsonl(rows: pl.DataFrame) -> bytes:
    moments = pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rows.with_columns(moments).write_ndjson().encode()


def _parquet(rows: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    rows.write_parquet(file, compression="zstd")
    return file.getvalue()


def _arrow(rows: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    # Many readers of Arrow do not know the newer layout of strings yet.
    rows.write_ipc(file, compression="zstd", compat_level=pl.CompatLevel.oldest())
    return file.getvalue()


_WRITERS = {
    Format.CSV: _Writer("text/csv", _csv),
    Format.JSONL: _Writer("application/x-ndjson", _jsonl),
    Format.PARQUET: _Writer("application/vnd.apache.parquet", _parquet),
    Format.ARROW: _Writer("application/vnd.apache.arrow.file", _arrow),
}
COMPRESSED = frozenset({Format.PARQUET, Format.ARROW})
"""In themselves."""
MEDIA_TYPES = {Format.JSON: "application/json"} | {
    format_: writer.media_type for format_, writer in _WRITERS.items()
}


def written(rows: pl.DataFrame, shown: Sequence[Column], format_: Format) -> bytes:
    """In any format but JSON, whose items have a shape of their own."""
    table = rows.select(column.name for column in shown)
    # Readers of files do not share this process's categories.
    return _WRITERS[format_].write(table.with_columns(pl.selectors.categorical().cast(pl.String)))


def wanted_format(format_: str | None, accepted: Callable[[list[str]], str | None]) -> Format:
    """`format=` decides, else what the client accepts, else JSON. Raises Refusal."""
    if format_ is None:
        by_type = {media_type: name for name, media_type in MEDIA_TYPES.items()}
        return by_type.get(accepted(list(by_type)) or "", Format.JSON)
    return Format(one_of("format", format_, Format))
