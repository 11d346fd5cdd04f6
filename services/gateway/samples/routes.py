"""Samples of a row's tasks: what the model was asked and what it answered."""

import asyncio
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from contracts.board import Board, BoardTask
from contracts.evaluation import Details
from contracts.views import Entry
from services.gateway.boards.routes import known_board
from services.gateway.dependencies import DetailFilesDependency, StoreDependency
from services.gateway.http.errors import ErrorCode, Refusal, refuses
from services.gateway.samples.reading import MOST_AT_ONCE, PAGE, Asked, Sample, read_page
from services.gateway.state.store import ViewStore


class SamplePage(msgspec.Struct, frozen=True):
    """In the order of the task's documents."""

    items: tuple[Sample, ...]
    board: str
    request_id: str
    task: str
    shows_questions: bool
    """False where the authors ask that their questions not be shown: then texts are null."""
    subtasks: tuple[str, ...]
    total: int
    """Samples that are found, on all pages."""
    next: str | None
    """Address of the page that follows; null on the last."""


@get(
    "/api/v1/boards/{name:str}/entries/{sid:str}/tasks/{task:str}/samples",
    operation_id="listSamples",
    tags=["samples"],
    responses=refuses(
        ErrorCode.BOARD_UNKNOWN,
        ErrorCode.ENTRY_UNKNOWN,
        ErrorCode.TASK_UNKNOWN,
        ErrorCode.SAMPLES_UNAVAILABLE,
        ErrorCode.INVALID_REQUEST,
        ErrorCode.BUS_UNREACHABLE,
    ),
)
async def list_samples(
    name: FromPath[str],
    sid: FromPath[str],
    task: FromPath[str],
    store: StoreDependency,
    files: DetailFilesDependency,
    wrong: FromQuery[bool] = False,
    search: Annotated[str, QueryParameter(max_length=200)] = "",
    subtask: FromQuery[str] = "",
    offset: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_AT_ONCE)] = PAGE,
) -> SamplePage:
    """Of the run that the row stands for. `wrong` leaves out what was right; `search` finds text,
    whatever its case, in document, target and answer."""
    board = known_board(name, store)
    asked_of = known_task(board, task)
    details = kept_details(known_entry(board, sid, store), asked_of)
    asked = Asked(wrong, search, subtask, offset, limit)
    check_search(search, asked_of)
    page = await asyncio.to_thread(read_page, await files.read(details), asked_of, asked)
    following = None
    if offset + limit < page.total:
        following = f"/api/v1/boards/{name}/entries/{sid}/tasks/{task}/samples?" + urlencode(
            query_of(asked, offset=offset + limit) | ({"limit": limit} if limit != PAGE else {})
        )
    return SamplePage(
        items=page.samples,
        board=name,
        request_id=sid,
        task=task,
        shows_questions=asked_of.shows_questions,
        subtasks=page.subtasks,
        total=page.total,
        next=following,
    )


def query_of(asked: Asked, **changes: str | int | bool) -> dict[str, str | int]:
    """As an address has it, without what goes without saying."""
    given = {
        "wrong": "true" if asked.wrong else "",
        "search": asked.search,
        "subtask": asked.subtask,
        "offset": asked.offset,
    } | changes
    return {name: value for name, value in given.items() if value}


def check_search(search: str, task: BoardTask) -> None:
    """Raises Refusal: finding them by their text would show the questions that are not shown."""
    if search and not task.shows_questions:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            f"The questions of {task.title} are not shown in plain text, so they cannot be"
            " searched.",
            "Leave `search` out.",
            {"parameter": "search"},
        )


def known_entry(board: Board, sid: str, store: ViewStore) -> Entry:
    entry = store.entry(board.name, sid)
    if entry is None:
        raise Refusal(
            ErrorCode.ENTRY_UNKNOWN,
            f"Board {board.name} has no entry of request {sid}.",
            f"/api/v1/requests/{sid} tells how the request stands.",
        )
    return entry


def known_task(board: Board, task_id: str) -> BoardTask:
    for task in board.tasks:
        if task.id == task_id:
            return task
    tasks = [task.id for task in board.tasks]
    raise Refusal(
        ErrorCode.TASK_UNKNOWN,
        f"Board {board.name} has no task {task_id!r}.",
        f"Choose one of: {', '.join(tasks)}.",
        {"tasks": tasks},
    )


def kept_details(entry: Entry, task: BoardTask) -> Details:
    """Raises Refusal where there are none, which is no fault of anybody."""
    score = entry.scores.get(task.id)
    if score and score.details:
        return score.details
    raise Refusal(
        ErrorCode.SAMPLES_UNAVAILABLE,
        f"{task.title} has no score yet, so there are no samples."
        if score is None
        else f"No samples of {task.title} were kept: the scores are {entry.origin}.",
        "Look at a row that was evaluated here."
        if score
        else "They come with the score; the request's page follows it.",
    )
