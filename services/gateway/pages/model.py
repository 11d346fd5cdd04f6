"""A model: how good it is among its peers, how that is known, and where it comes from."""

import asyncio
from dataclasses import dataclass
from typing import get_args

import polars as pl
from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from contracts.board import BoardTask
from contracts.views import Entry, TaskScore
from services.gateway.boards.views import BoardEntry, board_entries
from services.gateway.dependencies import (
    BoardQueriesDependency,
    EventLogDependency,
)
from services.gateway.http.errors import Refusal
from services.gateway.models.family import Family, draw
from services.gateway.models.known import Peers, Relative, Standing, lineage, peers_of, standings
from services.gateway.models.peers import Strip, strip, task_strip
from services.gateway.models.rank_chart import ranks_chart
from services.gateway.models.rank_routes import ranks_of
from services.gateway.models.routes import Found, find_model
from services.gateway.models.timeline import Moved, steps
from services.gateway.pages.insights import Shown
from services.gateway.pages.visit import VisitDependency
from services.gateway.query.engine import Ranked
from services.gateway.requests.runs import Run, runs_of
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore

_MOST_STEPS = 60


@dataclass(frozen=True)
class Line:
    """A task of the row that is looked at."""

    task: BoardTask
    score: TaskScore | None
    strip: Strip | None


@dataclass(frozen=True)
class Looked:
    """The row that is looked at, among its peers."""

    entry: BoardEntry
    kept: Entry
    board: str
    standings: tuple[Standing, ...]
    peers: Standing | None
    """Whom its scores are shown among."""
    average: Strip | None
    lines: tuple[Line, ...]
    bases: tuple[Relative, ...]
    family: Family | None
    """Null for a model without known relatives."""
    moved: Moved
    ranks: Shown


@get("/models/{name:path}", include_in_schema=False)
async def show_model(
    name: FromPath[str],
    visit: VisitDependency,
    queries: BoardQueriesDependency,
    event_log: EventLogDependency,
    entry: FromQuery[str] = "",
    peers: FromQuery[str] = "size",
) -> Template | Redirect:
    """`entry` is the request id of one of its rows; left out, it is the best one."""
    found = await find_model(name.strip("/"), visit.store, queries)
    if found.names.today != name.strip("/"):
        kept_state = {"entry": entry} if entry else {}
        return Redirect(f"/models/{found.names.today}", query_params=kept_state)
    chosen = _chosen(found, entry)
    looked = None
    if chosen:
        ranked, row = chosen
        kept = visit.store.entry(ranked.snapshot.board.name, row["id"][0])
        if kept:
            looked = await asyncio.to_thread(_looked, ranked, row, kept, visit.store, _peers(peers))
    board_of_page = looked.board if looked else found.requests[0].board if found.requests else ""
    context = {
        "model": found.names.today,
        "former_names": found.names.former,
        "looked": looked,
        "rows": [
            (board, one)
            for board, (ranked, rows) in found.rows.items()
            for one in board_entries(rows, ranked.snapshot.columns)
        ],
        "requests": found.requests,
        "decisions": found.decisions,
        "runs": await _runs(looked.entry.request_id, event_log) if looked else (),
        "steps": steps(found, looked.moved if looked else None),
    }
    board = visit.store.boards.get(board_of_page)
    return visit.page(
        "model", context, board=board, parts=("model",), follows_every_board=len(found.rows) > 1
    )


def _peers(given: str) -> Peers:
    return next((one for one in get_args(Peers) if one == given), "size")


def _chosen(found: Found, sid: str) -> tuple[Ranked, pl.DataFrame] | None:
    for ranked, rows in found.rows.values():
        row = rows.filter(pl.col("id") == sid) if sid else rows.head(1)
        if not row.is_empty():
            return ranked, row
    return _chosen(found, "") if sid else None


def _looked(
    ranked: Ranked, frame: pl.DataFrame, kept: Entry, store: ViewStore, wanted: Peers
) -> Looked:
    row = frame.row(0, named=True)
    places = standings(ranked, row)
    chosen = next((one for one in places if one.peers == wanted), places[0] if places else None)
    among = peers_of(ranked, row, chosen.peers if chosen else "all")
    assert among is not None
    [entry] = board_entries(frame, ranked.snapshot.columns)
    scores = entry.scores
    relatives = lineage(ranked, entry.model)
    itself = Relative(
        entry.model, 0, entry.model, entry.request_id, entry.average, is_merge=entry.is_merge
    )
    history = ranks_of(ranked, frame, store)
    board = ranked.snapshot.board.name
    address = f"/boards/{board}/entries/{entry.request_id}/ranks"
    return Looked(
        entry,
        kept,
        board,
        places,
        chosen,
        strip(among, "average", entry.average),
        tuple(
            Line(
                task,
                kept.scores.get(task.id),
                task_strip(
                    among, task.id, scores[task.id].normalized if task.id in scores else None
                ),
            )
            for task in ranked.snapshot.board.tasks
        ),
        tuple(one for one in relatives.ancestors if one.hops == 1),
        draw(itself, relatives) if relatives.ancestors or relatives.children else None,
        Moved(board, entry, history.points),
        Shown(ranks_chart(history), address, f"{address}?format=csv"),
    )


async def _runs(sid: str, event_log: EventLog) -> tuple[Run, ...] | None:
    """None when they cannot be looked up right now, which is no reason to show nothing else."""
    try:
        return runs_of(await event_log.evaluations(sid))
    except Refusal:
        return None
