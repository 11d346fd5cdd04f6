"""Two to six rows side by side, and the samples on which two of them part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import polars as pl
from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from contracts.board import Board
from contracts.views import Entry
from services.gateway.boards.routes import known_board
from services.gateway.boards.views import BoardEntry, board_entries
from services.gateway.comparison.differences import LEAST, MOST, ComparedTask, Comparison
from services.gateway.comparison.routes import (
    Differing,
    chosen_entries,
    compared,
    differing_samples,
    find_entry,
    read_ids,
)
from services.gateway.dependencies import BoardQueriesDependency, DetailFilesDependency
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.pages.visit import VisitDependency
from services.gateway.query.engine import Ranked
from services.gateway.query.frame import FOLDED_NAME
from services.gateway.query.standing import Weighting
from services.gateway.samples.files import DetailFiles
from services.gateway.samples.reading import PAGE
from services.gateway.state.store import ViewStore

_OFFERED = 8


@dataclass(frozen=True)
class Parting:
    """The samples of one task on which the first row and another one differ."""

    task: ComparedTask
    other: Entry
    differing: Differing | None
    trouble: Refusal | None
    tasks: tuple[tuple[str, str, bool], ...]
    """Title, address, whether it is the current one; those that both have samples of."""
    others: tuple[tuple[str, str, bool], ...]
    before: str | None
    after: str | None


@get("/compare", include_in_schema=False)
async def show_comparison(
    visit: VisitDependency,
    queries: BoardQueriesDependency,
    files: DetailFilesDependency,
    ids: FromQuery[list[str] | None] = None,
    board: FromQuery[str | None] = None,
    add: Annotated[str, QueryParameter(max_length=200)] = "",
    task: FromQuery[str] = "",
    other: FromQuery[str] = "",
    offset: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
) -> Template:
    """`add` looks for another row; `task` and `other` choose whose samples are shown."""
    chosen = read_ids(ids or ())
    on, entries = _entries(chosen, board, visit.any_board(), visit.store)
    found = None
    parting = None
    if on and len(entries) >= LEAST:
        found = await compared(on, entries, files)
        parting = await _parting(found, files, task, other, offset)
    offered: tuple[BoardEntry, ...] = ()
    if on and len(entries) < MOST:
        offered = _offered(await queries.current(on.name), add, chosen)
    joined = ",".join(chosen)
    context = {
        "entries": [
            (entry, _address([one for one in chosen if one != entry.sid])) for entry in entries
        ],
        "ids": joined,
        "most": MOST,
        "add": add,
        "offered": [(one, _address([*chosen, one.request_id])) for one in offered],
        "comparison": found,
        "radar": _radar(found) if found else None,
        "parting": parting,
    }
    return visit.page("compare", context, board=on, parts=("offered",))


def _entries(
    ids: Sequence[str], board: str | None, any_board: Board | None, store: ViewStore
) -> tuple[Board | None, tuple[Entry, ...]]:
    if len(ids) >= LEAST:
        return chosen_entries(ids, store)
    if ids:
        on, entry = find_entry(ids[0], store)
        return on, (entry,)
    return (known_board(board, store) if board else any_board), ()


def _address(ids: Sequence[str], **more: str | int) -> str:
    # A comma needs no escape in a query, and an address that people send around looks better so.
    query = urlencode({"ids": ",".join(ids), **more}, safe=",")
    return f"/compare?{query}"


def _offered(ranked: Ranked, text: str, taken: Sequence[str]) -> tuple[BoardEntry, ...]:
    """The best rows whose names hold the text, and which are not there yet."""
    rows = ranked.rows(Weighting()).filter(~pl.col("id").is_in(list(taken)))
    if text:
        rows = rows.filter(pl.col(FOLDED_NAME).str.contains(text.strip().lower(), literal=True))
    best = rows.top_k(_OFFERED, by=pl.col("average").fill_null(-1.0))
    return board_entries(
        best.sort("average", descending=True, nulls_last=True), ranked.snapshot.columns
    )


def _radar(found: Comparison) -> dict[str, Any]:
    """What compare.js draws: a corner per task, a series per row, null while outstanding."""
    return {
        "labels": [one.task.title for one in found.tasks],
        "series": [
            {
                "name": entry.repo_id,
                "values": [
                    round(score.normalized, 2) if (score := one.scores[place]) else None
                    for one in found.tasks
                ],
            }
            for place, entry in enumerate(found.entries)
        ],
    }


async def _parting(
    found: Comparison, files: DetailFiles, task: str, other: str, offset: int
) -> Parting | None:
    """None where no two rows have samples of one task."""
    first, *others = found.entries
    pairs = [
        (one, entry)
        for one in found.tasks
        for place, entry in enumerate(others, start=1)
        if one.has_samples[0] and one.has_samples[place]
    ]
    if not pairs:
        return None
    chosen, against = next(
        (pair for pair in pairs if pair[0].task.id == task and pair[1].sid == other),
        next((pair for pair in pairs if pair[0].task.id == task), pairs[0]),
    )
    ids = [entry.sid for entry in found.entries]

    def address(**changes: str | int) -> str:
        return _address(ids, **({"task": chosen.task.id, "other": against.sid} | changes)) + "#part"

    differing, trouble = None, None
    try:
        differing = await differing_samples(chosen.task, first, against, files, offset, PAGE)
    except Refusal as refusal:
        if refusal.code not in (ErrorCode.SAMPLES_UNAVAILABLE, ErrorCode.BUS_UNREACHABLE):
            raise
        trouble = refusal
    tasks = {one.task.id: one for one, _ in pairs}
    entries = {entry.sid: entry for one, entry in pairs if one is chosen}
    total = differing.total if differing else 0
    return Parting(
        chosen,
        against,
        differing,
        trouble,
        tuple((one.task.title, address(task=key), one is chosen) for key, one in tasks.items()),
        tuple(
            (entry.repo_id, address(other=sid), entry is against) for sid, entry in entries.items()
        ),
        before=address(offset=max(0, offset - PAGE)) if offset else None,
        after=address(offset=offset + PAGE) if offset + PAGE < total else None,
    )
