"""Samples of a row, task by task: what was asked, what was answered, and what was right."""

import asyncio
from typing import Annotated
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from services.gateway.boards.routes import known_board
from services.gateway.dependencies import DetailFilesDependency
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.pages.visit import VisitDependency
from services.gateway.samples.reading import PAGE, Asked, read_page
from services.gateway.samples.routes import (
    check_search,
    kept_details,
    known_entry,
    known_task,
    query_of,
)

_SHOWN_AS_A_STATE = (ErrorCode.SAMPLES_UNAVAILABLE, ErrorCode.BUS_UNREACHABLE)


@get("/boards/{name:str}/entries/{sid:str}/samples", include_in_schema=False)
async def show_samples(
    name: FromPath[str],
    sid: FromPath[str],
    visit: VisitDependency,
    files: DetailFilesDependency,
    task: FromQuery[str] = "",
    wrong: FromQuery[bool] = False,
    search: Annotated[str, QueryParameter(max_length=200)] = "",
    subtask: FromQuery[str] = "",
    offset: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
) -> Template:
    """Without `task`, the first one that has samples."""
    board = known_board(name, visit.store)
    entry = known_entry(board, sid, visit.store)
    kept = [
        one.id for one in board.tasks if one.id in entry.scores and entry.scores[one.id].details
    ]
    chosen = known_task(board, task or (kept[0] if kept else board.tasks[0].id))
    asked = Asked(wrong, search, subtask, offset)
    page, trouble = None, None
    try:
        check_search(asked.search, chosen)
        body = await files.read(kept_details(entry, chosen))
        page = await asyncio.to_thread(read_page, body, chosen, asked)
    except Refusal as refusal:
        if refusal.code not in _SHOWN_AS_A_STATE:
            raise
        trouble = refusal
    path = f"/boards/{name}/entries/{sid}/samples"

    def address(**changes: str | int) -> str:
        return f"{path}?{urlencode({'task': chosen.id} | query_of(asked, **changes))}"

    context = {
        "entry": entry,
        "task": chosen,
        "tabs": [
            (one.title, f"{path}?{urlencode({'task': one.id})}", one.id == chosen.id)
            for one in board.tasks
        ],
        "path": path,
        "asked": asked,
        "found": page,
        "subtasks": [("", "All subtasks"), *((one, one) for one in page.subtasks)] if page else [],
        "trouble": trouble,
        "before": address(offset=max(0, offset - PAGE)) if offset else None,
        "after": address(offset=offset + PAGE) if page and offset + PAGE < page.total else None,
    }
    return visit.page("samples", context, board=board, parts=("samples",))
