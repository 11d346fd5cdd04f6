"""What new definitions of a board have done to its rows."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.params import FromPath

from contracts.views import Rescoring as RescoringView
from services.gateway.boards.routes import known_board
from services.gateway.dependencies import StoreDependency
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.state.store import ViewStore
from services.gateway.views import Items


class RescoredRow(msgspec.Struct, frozen=True):
    request_id: str
    model: str
    """Its name at that time."""
    before: float | None
    """Its average by the old definition; null while a task was outstanding."""
    after: float | None
    rank_before: int | None
    """On the whole board by the old definition."""
    rank_after: int | None


class Rescoring(msgspec.Struct, frozen=True):
    """A change of the board's definition, and what it did to the rows that stood then."""

    id: int
    """Place of the new definition in EVENTS."""
    at: datetime
    old_version: int
    """Of the board's definition."""
    version: int
    old_scoring_version: str
    """Digest of what decides the scores, as on the entries; empty where it was not kept."""
    scoring_version: str
    differences: tuple[str, ...]
    """What is different in the new one, in sentences; empty where it was not kept."""
    rows: int
    """That stood on the board."""
    moved: int
    """How many of them have another average since."""
    moves: tuple[RescoredRow, ...]
    """Those, 500 at most: first those that lost or won their average, then by how many places they
    moved."""


@get(
    "/api/v1/boards/{name:str}/rescorings",
    operation_id="listRescorings",
    tags=["boards"],
    responses=refuses(ErrorCode.BOARD_UNKNOWN),
)
async def list_rescorings(name: FromPath[str], store: StoreDependency) -> Items[Rescoring]:
    """The newest first."""
    known_board(name, store)
    return Items(items=tuple(_shape(one) for one in rescorings_of(name, store)))


def rescorings_of(board: str, store: ViewStore) -> list[RescoringView]:
    """The newest first. Safe in any thread."""
    found = [one for one in tuple(store.rescorings.values()) if one.board == board]
    return sorted(found, key=lambda one: one.sequence, reverse=True)


def _shape(one: RescoringView) -> Rescoring:
    return Rescoring(
        id=one.sequence,
        at=one.at,
        old_version=one.old_version,
        version=one.version,
        old_scoring_version=one.old_scoring_version,
        scoring_version=one.scoring_version,
        differences=one.differences,
        rows=one.rows,
        moved=one.moved,
        moves=tuple(
            RescoredRow(
                request_id=move.sid,
                model=move.repo_id,
                before=move.before,
                after=move.after,
                rank_before=move.rank_before,
                rank_after=move.rank_after,
            )
            for move in one.moves
        ),
    )
