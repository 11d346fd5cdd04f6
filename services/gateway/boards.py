"""Boards and their rows."""

from litestar import get
from litestar.params import FromPath

from contracts.board import Board as BoardView
from services.gateway.dependencies import StoreDependency
from services.gateway.errors import ErrorCode, Refusal, refuses
from services.gateway.ranking import ranked
from services.gateway.store import ViewStore
from services.gateway.views import (
    Board,
    BoardEntries,
    BoardEntryDetails,
    Items,
    board,
    board_entry,
    board_entry_details,
)


@get("/api/v1/boards", operation_id="listBoards", tags=["boards"])
async def list_boards(store: StoreDependency) -> Items[Board]:
    """By name."""
    return Items(items=tuple(board(store.boards[name]) for name in sorted(store.boards)))


@get(
    "/api/v1/boards/{name:str}/entries",
    operation_id="listEntries",
    tags=["boards"],
    responses=refuses(ErrorCode.BOARD_UNKNOWN),
)
async def list_entries(name: FromPath[str], store: StoreDependency) -> BoardEntries:
    """Ranked rows, the best first, then the provisional ones."""
    standing = known_board(name, store)
    return BoardEntries(
        board=name,
        board_version=standing.version,
        items=tuple(board_entry(row) for row in ranked(store.entries[name].values())),
    )


@get(
    "/api/v1/boards/{name:str}/entries/{sid:str}",
    operation_id="getEntry",
    tags=["boards"],
    responses=refuses(ErrorCode.BOARD_UNKNOWN, ErrorCode.ENTRY_UNKNOWN),
)
async def get_entry(
    name: FromPath[str], sid: FromPath[str], store: StoreDependency
) -> BoardEntryDetails:
    """One row with its subtasks, standard errors and versions."""
    known_board(name, store)
    for row in ranked(store.entries[name].values()):
        if row.entry.sid == sid:
            return board_entry_details(row)
    raise Refusal(
        ErrorCode.ENTRY_UNKNOWN,
        f"Board {name} has no entry of request {sid}.",
        f"/api/v1/requests/{sid} tells how the request stands.",
    )


def known_board(name: str, store: ViewStore) -> BoardView:
    if standing := store.boards.get(name):
        return standing
    boards = sorted(store.boards)
    raise Refusal(
        ErrorCode.BOARD_UNKNOWN,
        f"There is no board {name!r}.",
        f"Choose one of: {', '.join(boards)}."
        if boards
        else "No board is open yet; wait a moment.",
        {"boards": boards},
    )


def chosen_board(name: str | None, store: ViewStore) -> BoardView:
    """The board a submission is for; left out, it is the only one."""
    if name is not None or not store.boards:
        return known_board(name or "", store)
    if len(store.boards) > 1:
        boards = sorted(store.boards)
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            "`board` is missing, and there is more than one (at $.board).",
            f"Choose one of: {', '.join(boards)}.",
            {"path": "$.board", "boards": boards},
        )
    return next(iter(store.boards.values()))
