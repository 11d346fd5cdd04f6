"""Boards and their rows."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from contracts.board import Board as BoardView
from services.gateway.boards.search_views import SearchExplained, search_explained
from services.gateway.boards.views import (
    Board,
    BoardColumn,
    BoardEntries,
    BoardEntryDetails,
    BoardFacets,
    board,
    board_columns,
    board_entries,
    entry_details,
)
from services.gateway.dependencies import (
    AskedDependency,
    BoardQueriesDependency,
    StoreDependency,
)
from services.gateway.http.caching import is_known
from services.gateway.http.errors import ErrorCode, Refusal, refuses
from services.gateway.query.answers import Encoding, wanted_encoding
from services.gateway.query.board_columns import Columns
from services.gateway.query.engine import row_of
from services.gateway.query.formats import COMPRESSED, MEDIA_TYPES, Format, wanted_format
from services.gateway.query.language import read_search
from services.gateway.query.parameters import check_names
from services.gateway.query.service import Answered
from services.gateway.state.store import ViewStore
from services.gateway.views import Items

_QUERY_REFUSALS = refuses(
    ErrorCode.BOARD_UNKNOWN,
    ErrorCode.INVALID_REQUEST,
    ErrorCode.INVALID_SEARCH,
    ErrorCode.FIELD_UNKNOWN,
    ErrorCode.BUS_UNREACHABLE,
)


@dataclass
class _InEveryFormat(Operation):
    """Litestar documents one type of content for each status."""

    def to_schema(self) -> dict[str, Any]:
        schema = super().to_schema()
        content = schema["responses"]["200"]["content"]
        content |= {
            media_type: {} for media_type in MEDIA_TYPES.values() if media_type not in content
        }
        return schema


@get("/api/v1/boards", operation_id="listBoards", tags=["boards"])
async def list_boards(store: StoreDependency) -> Items[Board]:
    """By name."""
    return Items(items=tuple(board(store.boards[name]) for name in sorted(store.boards)))


@get(
    "/api/v1/boards/{name:str}/entries",
    operation_id="listEntries",
    operation_class=_InEveryFormat,
    tags=["boards"],
    responses={
        HTTP_200_OK: ResponseSpec(
            BoardEntries, description="In the format asked for.", generate_examples=False
        ),
        **_QUERY_REFUSALS,
    },
)
async def list_entries(
    name: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
    asked: AskedDependency,
    request: Request[Any, Any, Any],
    format_: Annotated[
        str | None,
        QueryParameter(
            name="format",
            description="JSON if neither this nor `Accept` says another.",
            enum=list(Format),
        ),
    ] = None,
) -> Response[bytes]:
    """By average, the best first, then the provisional ones: 100 at a time as JSON; everything as
    CSV, JSON Lines, Parquet or Arrow IPC, which `format` or the header `Accept` asks for."""
    known_board(name, store)
    check_names(request.query_params, "format")
    chosen = wanted_format(format_, request.accept.best_match)
    encoding = Encoding.IDENTITY if chosen in COMPRESSED else _encoding(request)
    answered = await queries.entries(name, asked, chosen, encoding)
    headers = {"Content-Disposition": f'inline; filename="{name}.{chosen}"'}
    return _respond(request, answered, MEDIA_TYPES[chosen], encoding, headers)


@get(
    "/api/v1/boards/{name:str}/facets",
    operation_id="listFacets",
    tags=["boards"],
    responses={
        HTTP_200_OK: ResponseSpec(BoardFacets, generate_examples=False),
        **_QUERY_REFUSALS,
    },
)
async def list_facets(
    name: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
    asked: AskedDependency,
    request: Request[Any, Any, Any],
) -> Response[bytes]:
    """How many rows each choice of a filter would find, given the search and all other filters."""
    known_board(name, store)
    check_names(request.query_params)
    encoding = _encoding(request)
    answered = await queries.facets(name, asked, encoding)
    return _respond(request, answered, MEDIA_TYPES[Format.JSON], encoding)


@get(
    "/api/v1/boards/{name:str}/columns",
    operation_id="listColumns",
    tags=["boards"],
    responses=refuses(ErrorCode.BOARD_UNKNOWN),
)
async def list_columns(name: FromPath[str], store: StoreDependency) -> Items[BoardColumn]:
    """The fields of searches, which are also the keys of `sort` and `columns`."""
    return Items(items=board_columns(Columns(known_board(name, store))))


@get(
    "/api/v1/search/explain",
    operation_id="explainSearch",
    tags=["boards"],
    responses=refuses(
        ErrorCode.BOARD_UNKNOWN,
        ErrorCode.INVALID_REQUEST,
        ErrorCode.INVALID_SEARCH,
        ErrorCode.FIELD_UNKNOWN,
    ),
)
async def explain_search(
    store: StoreDependency,
    search: FromQuery[str],
    board: FromQuery[str | None] = None,
) -> SearchExplained:
    """How a search is read: every term with its place, its field and a sentence."""
    return search_explained(read_search(search, Columns(chosen_board(board, store))))


@get(
    "/api/v1/boards/{name:str}/entries/{sid:str}",
    operation_id="getEntry",
    tags=["boards"],
    responses=refuses(ErrorCode.BOARD_UNKNOWN, ErrorCode.ENTRY_UNKNOWN),
)
async def get_entry(
    name: FromPath[str],
    sid: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
) -> BoardEntryDetails:
    """One row with its subtasks, standard errors and versions."""
    known_board(name, store)
    ranked = await queries.current(name)
    rows = row_of(ranked, sid)
    standing = store.entry(name, sid)
    if standing is None or rows.is_empty():
        raise entry_unknown(name, sid)
    return entry_details(board_entries(rows, ranked.snapshot.columns)[0], standing)


def _encoding(request: Request[Any, Any, Any]) -> Encoding:
    return wanted_encoding(request.headers.get("Accept-Encoding", ""))


def _respond(
    request: Request[Any, Any, Any],
    answered: Answered,
    media_type: str,
    encoding: Encoding,
    more: dict[str, str] | None = None,
) -> Response[bytes]:
    headers = {
        "ETag": answered.answer.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept, Accept-Encoding",
        "Podium-Board-Version": answered.version,
        **(more or {}),
    }
    if is_known(answered.answer.etag, request.headers.get("If-None-Match", "")):
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    if encoding is not Encoding.IDENTITY:
        headers["Content-Encoding"] = encoding
    return Response(answered.answer.body, headers=headers, media_type=media_type)


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


def entry_unknown(board: str, sid: str) -> Refusal:
    return Refusal(
        ErrorCode.ENTRY_UNKNOWN,
        f"Board {board} has no entry of request {sid}.",
        f"/api/v1/requests/{sid} tells how the request stands.",
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
