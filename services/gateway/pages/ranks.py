"""How a row's rank went: the chart on its model's page, and the table behind it."""

import asyncio

from litestar import Response, get
from litestar.params import FromPath

from services.gateway.boards.routes import known_board
from services.gateway.dependencies import BoardQueriesDependency, StoreDependency
from services.gateway.models.rank_chart import ranks_chart
from services.gateway.models.rank_routes import known_row, ranks_of
from services.gateway.pages.insights import FormatParameter, InsightFormat, as_file


@get("/boards/{name:str}/entries/{sid:str}/ranks", include_in_schema=False)
async def get_ranks(
    name: FromPath[str],
    sid: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
    format_: FormatParameter = InsightFormat.JSON,
) -> Response[bytes]:
    known_board(name, store)
    ranked = await queries.current(name)
    row = known_row(ranked, sid)
    history = await asyncio.to_thread(ranks_of, ranked, row, store)
    return as_file(ranks_chart(history), format_, f"{name}-{sid}")
