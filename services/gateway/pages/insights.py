"""What a board's rows show together: charts of those that were searched for, and their tables."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Template

from contracts.board import Board
from services.gateway.boards.routes import known_board
from services.gateway.dependencies import AskedDependency, BoardQueriesDependency, StoreDependency
from services.gateway.formatting import words
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.insights.catalogue import COLUMNS, INSIGHTS
from services.gateway.insights.chart import Insight
from services.gateway.insights.scope import Dating, Scope
from services.gateway.pages.visit import VisitDependency
from services.gateway.query.asked import Asked
from services.gateway.query.engine import Query, Ranked, all_found
from services.gateway.query.facets import Facet, facets
from services.gateway.query.formats import MEDIA_TYPES, Format

_NO_MATTER = ("sort", "ranks", "scores", "columns", "limit", "after")
_PICKED = ("type", "size", "hide")
"""Filters that the page offers itself; the board has them all."""
MOST_SHOWN = 50
"""Rows of a table on the page; the file has all."""


class InsightFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


DatingParameter = Annotated[
    Dating, QueryParameter(name="date", description="Which time of a row counts.")
]
FormatParameter = Annotated[
    InsightFormat, QueryParameter(name="format", description="The chart, or the table behind it.")
]


@dataclass(frozen=True)
class Pick:
    """A choice of a filter, and the page with it turned around."""

    label: str
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True)
class Picks:
    label: str
    of: tuple[Pick, ...]


@dataclass(frozen=True)
class Shown:
    insight: Insight
    chart_address: str
    file_address: str

    @property
    def rows(self) -> list[tuple[object, ...]]:
        return self.insight.table.head(MOST_SHOWN).rows()


@get("/boards/{name:str}/insights", include_in_schema=False)
async def show_insights(
    name: FromPath[str],
    visit: VisitDependency,
    queries: BoardQueriesDependency,
    asked: AskedDependency,
    dating: DatingParameter = Dating.SUBMITTED,
) -> Template:
    board = known_board(name, visit.store)
    asked = _selection(asked)
    ranked = await queries.asked_of(name, asked)
    query = asked.query(ranked.snapshot.columns)
    made = await asyncio.to_thread(_made, ranked, query, dating, tuple(INSIGHTS))
    context = {
        "asked": asked,
        "kept": asked.pairs(search=None, date=dating),
        "datings": [
            (f"By date {one}", _address(board, asked, one), one is dating) for one in Dating
        ],
        "search": query.search,
        "picks": [_picks(board, asked, dating, facet) for facet in made.facets],
        "filtered": query.filtered,
        "weighted": str(query.weighting),
        "total": made.total,
        "shown": [_shown(board, asked, dating, insight) for insight in made.insights],
        "board_address": asked.address(f"/boards/{name}"),
    }
    return visit.page("insights", context, board=board, parts=("insights",))


@get("/boards/{name:str}/insights/{insight:str}", include_in_schema=False)
async def get_insight(
    name: FromPath[str],
    insight: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
    asked: AskedDependency,
    dating: DatingParameter = Dating.SUBMITTED,
    format_: FormatParameter = InsightFormat.JSON,
) -> Response[bytes]:
    """One chart as the page draws it, or the whole table behind it."""
    known_board(name, store)
    if insight not in INSIGHTS:
        raise Refusal(
            ErrorCode.NOT_FOUND,
            f"There is no insight {insight!r}.",
            f"Choose one of: {', '.join(INSIGHTS)}.",
        )
    ranked = await queries.asked_of(name, asked)
    query = asked.query(ranked.snapshot.columns)
    made = (await asyncio.to_thread(_made, ranked, query, dating, (insight,))).insights[0]
    return as_file(made, format_, name)


def as_file(insight: Insight, format_: InsightFormat, name: str) -> Response[bytes]:
    """The chart, or its table as a file whose name begins with `name`."""
    if format_ is InsightFormat.JSON:
        body = msgspec.json.encode(insight.chart)
        return Response(body, media_type=MEDIA_TYPES[Format.JSON])
    return Response(
        insight.table.write_csv().encode(),
        media_type=MEDIA_TYPES[Format.CSV],
        headers={"Content-Disposition": f'attachment; filename="{name}-{insight.id}.csv"'},
    )


@dataclass(frozen=True)
class _Made:
    insights: tuple[Insight, ...]
    total: int
    """Rows that they are made of."""
    facets: tuple[Facet, ...]
    """Those of `_PICKED`."""


def _made(ranked: Ranked, query: Query, dating: Dating, wanted: Sequence[str]) -> _Made:
    rows = all_found(ranked, query, COLUMNS)
    scope = Scope(ranked.snapshot.board, query.weighting, dating)
    made = tuple(INSIGHTS[name](rows, scope) for name in wanted)
    by_name = {facet.parameter: facet for facet in facets(ranked, query)}
    return _Made(made, rows.height, tuple(by_name[name] for name in _PICKED))


def _selection(asked: Asked) -> Asked:
    """What decides which rows count and how much; neither their order nor a page."""
    plain = Asked()
    unasked = {name: getattr(plain, name) for name in _NO_MATTER}
    return msgspec.structs.replace(asked, **unasked)


def _address(
    board: Board,
    asked: Asked,
    dating: Dating,
    below: str = "",
    changed: Mapping[str, object] = MappingProxyType({}),
) -> str:
    date = None if dating is Dating.SUBMITTED else dating
    return asked.address(f"/boards/{board.name}/insights{below}", date=date, **changed)


def _picks(board: Board, asked: Asked, dating: Dating, facet: Facet) -> Picks:
    """Types and what is hidden add up; a size takes the place of another."""
    chosen = [option.value for option in facet.options if option.chosen]
    picks = []
    for option in facet.options:
        changed: dict[str, object]
        if facet.parameter == "size":
            size = None if option.chosen else option.value
            changed = {"size": size, "params_min": None, "params_max": None}
        elif option.chosen:
            changed = {facet.parameter: [one for one in chosen if one != option.value]}
        else:
            changed = {facet.parameter: [*chosen, option.value]}
        label = words(option.label) if facet.parameter == "type" else option.label
        address = _address(board, asked, dating, changed=changed)
        picks.append(Pick(label, option.count, option.chosen, address))
    return Picks(facet.label, tuple(picks))


def _shown(board: Board, asked: Asked, dating: Dating, insight: Insight) -> Shown:
    below = f"/{insight.id}"
    return Shown(
        insight,
        _address(board, asked, dating, below),
        _address(board, asked, dating, below, {"format": InsightFormat.CSV}),
    )
