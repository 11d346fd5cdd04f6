"""Comparisons of rows, and the samples where two of them differ."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from contracts.board import Board
from contracts.views import Entry
from services.gateway.comparison import differences as comparison
from services.gateway.comparison.differing import (
    Better,
    DifferingSample,
    Wanted,
    differing_samples,
)
from services.gateway.comparison.paired import Method
from services.gateway.dependencies import DetailFilesDependency, StoreDependency
from services.gateway.http.errors import ErrorCode, Refusal, refuses
from services.gateway.samples.files import DetailFiles
from services.gateway.samples.reading import MOST_AT_ONCE, PAGE
from services.gateway.samples.routes import check_search, known_task
from services.gateway.state.store import ViewStore
from services.gateway.views import as_shape


class Test(msgspec.Struct, frozen=True):
    method: Method
    """`mcnemar`, exact, or the paired `bootstrap`, on the documents that both were asked; `z` from
    standard errors where samples are missing."""
    difference: float
    """Of the shares of right answers, 0 to 1; for `z`, of normalised scores."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end of it."""
    p: float
    """How probable so large a difference is where there is none."""
    samples: int | None


class Difference(msgspec.Struct, frozen=True):
    """To the first row."""

    points: float
    """Of normalised scores."""
    test: Test | None
    """Null where nothing is known of how sure the scores are."""
    is_sure: bool | None
    """Whether p is below 5 %."""
    same_prompts: bool | None
    """Whether both read the same words; null without samples of both."""


class ComparedTask(msgspec.Struct, frozen=True):
    task: str
    scores: tuple[float | None, ...]
    """Normalised; null while outstanding."""
    differences: tuple[Difference | None, ...]
    """Null for the first row, and where a score is outstanding."""


class ComparedEntry(msgspec.Struct, frozen=True):
    request_id: str
    model: str
    precision: str
    average: float | None
    difference: Difference | None


class Comparison(msgspec.Struct, frozen=True):
    board: str
    entries: tuple[ComparedEntry, ...]
    """In the order they were asked for."""
    tasks: tuple[ComparedTask, ...]


class DifferingSamples(msgspec.Struct, frozen=True):
    """Documents that the two rows were scored differently on, in the order of the first's file."""

    items: tuple[DifferingSample, ...]
    task: str
    compared: int
    """Documents that both have."""
    only_first: int
    """Of those, how many the first row has the higher score on."""
    only_second: int
    same_prompts: bool
    total: int
    """That are asked for, on all pages."""
    next: str | None


_REFUSALS = refuses(
    ErrorCode.INVALID_REQUEST,
    ErrorCode.ENTRY_UNKNOWN,
    ErrorCode.TASK_UNKNOWN,
    ErrorCode.SAMPLES_UNAVAILABLE,
    ErrorCode.BUS_UNREACHABLE,
)


@get("/api/v1/compare", operation_id="compareEntries", tags=["boards"], responses=_REFUSALS)
async def compare_entries(
    ids: FromQuery[list[str]], store: StoreDependency, files: DetailFilesDependency
) -> Comparison:
    """Two to six rows of one board by their request ids, joined by commas: what sets each apart
    from the first, per task, and whether that is more than chance."""
    board, entries = chosen_entries(read_ids(ids), store)
    return _shape(await compared(board, entries, files))


@get(
    "/api/v1/compare/samples",
    operation_id="listDifferingSamples",
    tags=["samples"],
    responses=_REFUSALS,
)
async def list_differing_samples(
    ids: FromQuery[list[str]],
    task: FromQuery[str],
    store: StoreDependency,
    files: DetailFilesDependency,
    better: FromQuery[Better] = Better.EITHER,
    search: Annotated[str, QueryParameter(max_length=200)] = "",
    offset: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_AT_ONCE)] = PAGE,
) -> DifferingSamples:
    """Where the scores of two rows differ: the first two of `ids`. `better` narrows it to one's
    gains; `search` finds text, whatever its case, in document, target and both answers."""
    board, entries = chosen_entries(read_ids(ids), store)
    asked_of = known_task(board, task)
    first, second, *_ = entries
    check_search(search, asked_of)
    wanted = Wanted(better, search, offset, limit)
    differing = await differing_samples(asked_of, first, second, files, wanted)
    following = None
    if offset + limit < differing.total:
        query = {
            "ids": ",".join(ids),
            "task": task,
            **({} if better is Better.EITHER else {"better": better.value}),
            **({"search": search} if search else {}),
            "offset": offset + limit,
            "limit": limit,
        }
        following = f"/api/v1/compare/samples?{urlencode(query)}"
    return DifferingSamples(
        items=differing.found,
        task=task,
        compared=differing.compared,
        only_first=differing.only_first,
        only_second=differing.only_second,
        same_prompts=differing.same_prompts,
        total=differing.total,
        next=following,
    )


def read_ids(given: Iterable[str]) -> tuple[str, ...]:
    """Repeated parameters, or joined by commas; each id once, in their order."""
    ids = (one.strip() for text in given for one in text.split(","))
    return tuple(dict.fromkeys(one for one in ids if one))


def chosen_entries(ids: Sequence[str], store: ViewStore) -> tuple[Board, tuple[Entry, ...]]:
    """Raises Refusal for too few, too many, and rows of several boards."""
    if not comparison.LEAST <= len(ids) <= comparison.MOST:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            f"`ids` names {len(ids)} different rows.",
            f"Give {comparison.LEAST} to {comparison.MOST} request ids, joined by commas.",
            {"parameter": "ids"},
        )
    found = [find_entry(sid, store) for sid in ids]
    boards = {board.name: board for board, _ in found}
    if len(boards) > 1:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            f"These rows are of different boards: {', '.join(sorted(boards))}.",
            "Compare rows of one board: others measure other things.",
            {"parameter": "ids"},
        )
    return found[0][0], tuple(entry for _, entry in found)


def find_entry(sid: str, store: ViewStore) -> tuple[Board, Entry]:
    """An id is a hash over the board as well, so that one board at most has it."""
    for board in store.boards.values():
        if entry := store.entry(board.name, sid):
            return board, entry
    raise Refusal(
        ErrorCode.ENTRY_UNKNOWN,
        f"No board has an entry of request {sid}.",
        f"/api/v1/requests/{sid} tells how the request stands.",
    )


async def compared(
    board: Board, entries: Sequence[Entry], files: DetailFiles
) -> comparison.Comparison:
    """With paired tests where samples of both can be had, and without else."""
    bodies = await _bodies(entries, files)
    return await asyncio.to_thread(comparison.compare, board, entries, bodies)


async def _bodies(entries: Sequence[Entry], files: DetailFiles) -> dict[tuple[str, str], bytes]:
    kept = {
        (entry.sid, task): score.details
        for entry in entries
        for task, score in entry.scores.items()
        if score.details
    }
    read = await asyncio.gather(
        *(files.read(details) for details in kept.values()), return_exceptions=True
    )
    bodies = {}
    for key, body in zip(kept, read, strict=True):
        if isinstance(body, bytes):
            bodies[key] = body
        elif not isinstance(body, Refusal):
            raise body
    return bodies


def _shape(found: comparison.Comparison) -> Comparison:
    return Comparison(
        board=found.board.name,
        entries=tuple(
            ComparedEntry(
                request_id=entry.sid,
                model=entry.repo_id,
                precision=entry.model.precision,
                average=entry.average,
                difference=as_shape(Difference, difference) if difference else None,
            )
            for entry, difference in zip(found.entries, found.averages, strict=True)
        ),
        tasks=tuple(
            ComparedTask(
                task=one.task.id,
                scores=tuple(score.normalized if score else None for score in one.scores),
                differences=as_shape(tuple[Difference | None, ...], one.differences),
            )
            for one in found.tasks
        ),
    )
