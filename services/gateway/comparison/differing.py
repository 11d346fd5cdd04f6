"""The documents that two rows were scored differently on."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import polars as pl

from contracts.board import BoardTask
from contracts.views import Entry
from services.gateway.samples.files import DetailFiles
from services.gateway.samples.reading import PAGE, Sample, containing, pairs, read_numbers
from services.gateway.samples.routes import kept_details


class DifferingSample(msgspec.Struct, frozen=True):
    first: Sample
    second: Sample


class Better(StrEnum):
    """Which of two rows has the higher score."""

    EITHER = "either"
    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True)
class Wanted:
    """Which of these documents somebody wants to see."""

    better: Better = Better.EITHER
    search: str = ""
    """Text that the document, the target or one of the answers contains, whatever its case. Look at
    whether the task shows its questions first."""
    offset: int = 0
    limit: int = PAGE


@dataclass(frozen=True)
class Differing:
    found: tuple[DifferingSample, ...]
    total: int
    """Of the wanted ones, on all pages."""
    compared: int
    only_first: int
    only_second: int
    same_prompts: bool


_CONDITIONS = {
    Better.EITHER: pl.lit(True),
    Better.FIRST: pl.col("first") > pl.col("second"),
    Better.SECOND: pl.col("first") < pl.col("second"),
}


async def differing_samples(
    task: BoardTask, first: Entry, second: Entry, files: DetailFiles, wanted: Wanted
) -> Differing:
    """Raises Refusal where one of them has no samples."""
    one, two = await asyncio.gather(
        files.read(kept_details(first, task)), files.read(kept_details(second, task))
    )
    return await asyncio.to_thread(_differing, task, one, two, wanted)


def _differing(task: BoardTask, first: bytes, second: bytes, wanted: Wanted) -> Differing:
    paired = pairs(first, second, task)
    differing = paired.differing
    found = differing.filter(_CONDITIONS[wanted.better])
    if wanted.search:
        in_first, in_second = (containing(body, wanted.search) for body in (first, second))
        found = found.filter(
            pl.col("number").is_in(in_first.implode())
            | pl.col("number_second").is_in(in_second.implode())
        )
    page = found.slice(wanted.offset, wanted.limit)
    samples = zip(
        read_numbers(first, task, page["number"].to_list()),
        read_numbers(second, task, page["number_second"].to_list()),
        strict=True,
    )
    return Differing(
        tuple(DifferingSample(one, two) for one, two in samples),
        total=found.height,
        compared=paired.rows.height,
        only_first=differing.filter(_CONDITIONS[Better.FIRST]).height,
        only_second=differing.filter(_CONDITIONS[Better.SECOND]).height,
        same_prompts=paired.same_prompts,
    )
