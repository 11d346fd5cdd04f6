"""A board: its rows, and every way to look at them."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Redirect, Template

from contracts.board import Board
from services.gateway.boards.rescoring_routes import rescorings_of
from services.gateway.boards.routes import known_board
from services.gateway.boards.table import BoardTable, board_table
from services.gateway.dependencies import BoardQueriesDependency
from services.gateway.http.errors import Refusal
from services.gateway.identity.access import Caller
from services.gateway.pages.board_columns import grouped, presets
from services.gateway.pages.board_filters import chips, option_label, quick_filters, shortened
from services.gateway.pages.board_form import tidied
from services.gateway.pages.board_headings import headings
from services.gateway.pages.board_state import BoardState, read_state
from services.gateway.pages.search_told import Highlights, fault_of, told_terms
from services.gateway.pages.visit import Visit, VisitDependency
from services.gateway.query.asked import Asked
from services.gateway.query.board_columns import Columns
from services.gateway.query.engine import Ranked
from services.gateway.query.facets import facets
from services.gateway.query.formats import Format
from services.gateway.query.service import BoardQueries
from services.gateway.queue.requests import counted
from services.gateway.state.store import ViewStore

PageRequest = Request[Caller, None, Any]
_RANKS = ("rank", "rank_best", "rank_worst")
_FORMATS = {Format.CSV: "CSV", Format.JSONL: "JSON Lines", Format.PARQUET: "Parquet"}
_EXAMPLES = (
    ("llama; qwen", "names that contain one of them"),
    ("llama 70b", "names that contain both"),
    ("llama -merge", "but not this"),
    ("qwen2.5-(7|14)b", "names that match a pattern"),
    ("@license:apache @params:<9", "fields, here the license and the size"),
    ("@average:>=40 -@merged:true", "numbers, and yes or no"),
    ("@submitted:2024-12..2025-02", "months, days or years"),
    ('@license:""', "what is not known"),
)


@get("/", include_in_schema=False)
async def show_home(
    request: PageRequest,
    visit: VisitDependency,
    queries: BoardQueriesDependency,
) -> Template | Redirect:
    board = visit.any_board()
    if board is None:
        return visit.page("no_board", {}, board=None)
    return await _page(board, request, visit, queries)


@get("/boards/{name:str}", include_in_schema=False)
async def show_board(
    name: FromPath[str],
    request: PageRequest,
    visit: VisitDependency,
    queries: BoardQueriesDependency,
) -> Template | Redirect:
    return await _page(known_board(name, visit.store), request, visit, queries)


async def _page(
    board: Board, request: PageRequest, visit: Visit, queries: BoardQueries
) -> Template | Redirect:
    when = Asked(as_of=request.query_params.get("as_of", ""))
    ranked = await queries.asked_of(board.name, when)
    columns = ranked.snapshot.columns
    asked = list(request.query_params.multi_items())
    fields = tidied(asked, columns)
    address = f"/boards/{board.name}" + (f"?{urlencode(fields)}" if fields else "")
    is_tidy = list(fields) == asked
    if not is_tidy and visit.part is None:
        return Redirect(address, status_code=303)
    state = read_state(board.name, fields, columns)
    fault = None
    try:
        context = await asyncio.to_thread(_found, ranked, state)
    except Refusal as refusal:
        if (fault := fault_of(refusal, state.asked.search)) is None:
            raise
        context = await asyncio.to_thread(_found, ranked, state.without_search())
    page = visit.page(
        "board",
        {
            **context,
            "fault": fault,
            "search": state.asked.search,
            "requests": counted(board.name, visit.store.requests.values()),
            "rescored": next(iter(rescorings_of(board.name, visit.store)), None),
            **_underway(context["table"], visit.store, is_now=not state.asked.as_of),
        },
        board=board,
        parts=("table", "ranked"),
    )
    if fault and visit.part is None:
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    elif fault:
        # While somebody writes, what was found before stays.
        page.headers |= {"HX-Reselect": "#understood > *", "HX-Retarget": "#understood"}
    if not is_tidy:
        page.headers["HX-Replace-Url"] = address
    return page


def _found(ranked: Ranked, state: BoardState) -> Mapping[str, Any]:
    """Raises Refusal for what the board cannot answer."""
    table = board_table(ranked, state.asked, state.pins)
    columns = ranked.snapshot.columns
    found = tuple(map(shortened, facets(ranked, table.query)))
    by_name = {facet.parameter: facet for facet in found}
    names = sorted({row.entry.model for row in (*table.pinned, *table.rows)})
    weights = dict(table.query.weighting.weights)
    return {
        "table": table,
        "state": state,
        "told": told_terms(table.query.search),
        "highlights": Highlights(table.query.search, names),
        "headings": headings(state, columns),
        "facets": by_name,
        "option_label": option_label,
        "quick": quick_filters(state, by_name),
        "chips": chips(state, found),
        "column_groups": grouped(columns),
        "presets": presets(columns),
        "sizes": table.query.filters,
        "task_places": {task: place for place, task in enumerate(columns.tasks)},
        "weights": weights or dict.fromkeys(columns.tasks, 1.0),
        "next": state.address(after=table.next) if table.next else None,
        "downloads": _downloads(state, columns),
        "examples": _EXAMPLES,
    }


def _underway(table: BoardTable, store: ViewStore, *, is_now: bool) -> Mapping[str, Any]:
    """What the rows without an average wait for; unknown for a board as it was."""
    rows = (*table.pinned, *table.rows) if is_now else ()
    unfinished = [row.entry.request_id for row in rows if row.entry.average is None]
    found = {sid: store.requests.get(sid) for sid in unfinished}
    requests = {sid: request for sid, request in found.items() if request}
    return {
        "unfinished_requests": requests,
        "steps": {sid: store.progress[sid] for sid in requests if sid in store.progress},
        "task_titles": {task.id: task.title for task in table.board.tasks},
    }


def _downloads(state: BoardState, columns: Columns) -> tuple[tuple[str, str], ...]:
    """Titles and addresses of all rows that are found, with the columns that are shown."""
    raw = dict(zip(columns.normalized_scores, columns.raw_scores, strict=True))
    shown = [
        raw[column.name] if state.raw and column.name in raw else column.name
        for column in state.columns
    ]
    names = ",".join((*_RANKS, "model", *shown))
    path = f"/api/v1/boards/{state.board}/entries"
    return tuple(
        (title, state.asked.address(path, columns=names, after=None, limit=None, format=format_))
        for format_, title in _FORMATS.items()
    )
