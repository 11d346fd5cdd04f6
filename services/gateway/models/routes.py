"""Everything that is known of a model, on all boards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import polars as pl
from litestar import get
from litestar.params import FromPath

from contracts.views import Decision, Request
from services.gateway.boards.views import BoardEntry, board_entries
from services.gateway.dependencies import (
    BoardQueriesDependency,
    OutlookDependency,
    StoreDependency,
)
from services.gateway.http.errors import ErrorCode, Refusal, refuses
from services.gateway.models.known import (
    Lineage,
    Names,
    Peers,
    lineage,
    names_of,
    rows_of,
    standings,
)
from services.gateway.query.engine import Ranked
from services.gateway.query.service import BoardQueries
from services.gateway.state.store import ViewStore
from services.gateway.views import RequestSummary, as_shape, request_summary


class ModelStanding(msgspec.Struct, frozen=True):
    peers: Peers
    """Among `all`, those of its `size` class, or those of its `type`."""
    label: str
    rank: int
    of: int
    """How many of them are ranked."""


class ModelEntry(BoardEntry, frozen=True):
    """A row of the model, and its places."""

    board: str
    standings: tuple[ModelStanding, ...]
    """Empty while tasks are outstanding."""
    ranks_url: str
    """How its rank went."""


class ModelRelative(msgspec.Struct, frozen=True):
    model: str
    hops: int
    """Above 0 for ancestors, -1 for children."""
    of: str
    """The model that it is a parent or a child of."""
    request_id: str | None
    """Of its best row; null for a model without one on this board."""
    average: float | None
    is_merge: bool


class ModelLineage(msgspec.Struct, frozen=True):
    """By what the model cards name as base, as far as the rows of the board lead."""

    ancestors: tuple[ModelRelative, ...]
    children: tuple[ModelRelative, ...]
    """The best first; merges of it have `is_merge`."""


class ModelDecision(msgspec.Struct, frozen=True):
    what: str
    about: str
    reason: str
    link: str | None
    at: datetime
    by: str | None


class Model(msgspec.Struct, frozen=True):
    model: str
    """Its name today."""
    former_names: tuple[str, ...]
    entries: tuple[ModelEntry, ...]
    """Of every board, the best of each first."""
    requests: tuple[RequestSummary, ...]
    """The newest first."""
    lineage: dict[str, ModelLineage]
    """By board."""
    decisions: tuple[ModelDecision, ...]
    """Of moderators about it, the newest first: flags with their reasons and links, renames."""


@dataclass(frozen=True)
class Found:
    """What the gateway has of a model."""

    names: Names
    rows: dict[str, tuple[Ranked, pl.DataFrame]]
    """By board, where it has rows; the best first."""
    requests: tuple[Request, ...]
    """The newest first."""
    decisions: tuple[Decision, ...]
    """The newest first."""


@get(
    "/api/v1/models/{name:path}",
    operation_id="getModel",
    tags=["models"],
    responses=refuses(ErrorCode.MODEL_UNKNOWN),
)
async def get_model(
    name: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
    outlook: OutlookDependency,
) -> Model:
    """Its rows and requests under all its names, places among its peers, and its family."""
    found = await find_model(name.strip("/"), store, queries)
    return Model(
        model=found.names.today,
        former_names=found.names.former,
        entries=tuple(
            entry
            for board, (ranked, rows) in found.rows.items()
            for entry in _entries(board, ranked, rows)
        ),
        requests=tuple(request_summary(request, outlook) for request in found.requests),
        lineage={
            board: _lineage(lineage(ranked, found.names.today))
            for board, (ranked, _) in found.rows.items()
        },
        decisions=as_shape(tuple[ModelDecision, ...], found.decisions),
    )


async def find_model(name: str, store: ViewStore, queries: BoardQueries) -> Found:
    """Raises Refusal for a model that was never submitted, imported or decided about."""
    names = names_of(name, store.decisions.values())
    rows = {}
    for board in sorted(store.boards):
        ranked = await queries.current(board)
        found = rows_of(ranked, names.all)
        if not found.is_empty():
            rows[board] = (ranked, found)
    requests = [
        request
        for request in store.requests.values()
        if request.model.repo_id.casefold() in names.all
    ]
    if not rows and not requests:
        raise Refusal(
            ErrorCode.MODEL_UNKNOWN,
            f"No board has a row or a request of {name}.",
            "Look for it on a board with a part of its name, or submit it.",
        )
    decisions = [one for one in store.decisions.values() if one.about.casefold() in names.all]
    return Found(
        _spelled(names, rows, requests),
        rows,
        tuple(sorted(requests, key=lambda one: one.received_at, reverse=True)),
        tuple(sorted(decisions, key=lambda one: one.sequence, reverse=True)),
    )


def _spelled(
    names: Names, rows: dict[str, tuple[Ranked, pl.DataFrame]], requests: Sequence[Request]
) -> Names:
    """As the Hub spells it, however it was asked for."""
    known = [frame["model"][0] for _, frame in rows.values()]
    known += [request.model.repo_id for request in requests]
    same = (one for one in known if one.casefold() == names.today.casefold())
    return Names(next(same, names.today), names.former)


def _entries(board: str, ranked: Ranked, rows: pl.DataFrame) -> list[ModelEntry]:
    entries = board_entries(rows, ranked.snapshot.columns)
    return [
        ModelEntry(
            **msgspec.structs.asdict(entry),
            board=board,
            standings=as_shape(tuple[ModelStanding, ...], standings(ranked, row)),
            ranks_url=f"/api/v1/boards/{board}/entries/{entry.request_id}/ranks",
        )
        for entry, row in zip(entries, rows.iter_rows(named=True), strict=True)
    ]


def _lineage(found: Lineage) -> ModelLineage:
    return as_shape(ModelLineage, found)
