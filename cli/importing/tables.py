"""Rows of a table, whichever format it is in."""

import csv
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.console import fail

SUFFIXES = (".csv", ".csv.gz", ".parquet")


def read_rows(path: Path) -> Iterator[Mapping[str, object]]:
    """In the file's order, by column name. Raises ValueError for a file of another format."""
    if path.name.endswith((".csv", ".csv.gz")):
        yield from _read_csv(path)
    elif path.suffix == ".parquet":
        yield from _read_parquet(path)
    else:
        raise ValueError(f"{path.name} is no table; one ends in {', '.join(SUFFIXES)}")


def _read_csv(path: Path) -> Iterator[Mapping[str, object]]:
    opener = gzip.open if path.suffix == ".gz" else open
    # "-sig": spreadsheets put a byte order mark in front of the first column's name.
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _read_parquet(path: Path) -> Iterator[Mapping[str, object]]:
    try:
        # Only for this format: it takes the time and memory of all other commands together.
        from pyarrow import parquet
    except ImportError:
        fail("Parquet files need pyarrow.", "Run: pip install pyarrow, or import a CSV.")
    for batch in parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()
