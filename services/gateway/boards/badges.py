"""A picture with a model's rank, for model cards and READMEs."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from services.gateway.boards.routes import known_board
from services.gateway.dependencies import BoardQueriesDependency, StoreDependency
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.models.known import names_of, rows_of, standings

_LETTER = 6.4
_PADDING = 10
# Whoever shows it asks often, and ranks change rarely.
_HEADERS = {"Cache-Control": "public, max-age=300"}


@get("/badges/{board:str}/{file:path}", include_in_schema=False)
async def show_badge(
    board: FromPath[str],
    file: FromPath[str],
    store: StoreDependency,
    queries: BoardQueriesDependency,
) -> Template:
    """Of the model's best row on the board."""
    title = known_board(board, store).title
    name = file.strip("/").removesuffix(".svg")
    names = names_of(name, store.decisions.values())
    ranked = await queries.current(board)
    rows = rows_of(ranked, names.all)
    if rows.is_empty():
        raise Refusal(
            ErrorCode.MODEL_UNKNOWN,
            f"Board {board} has no row of {name}.",
            f"The address is /badges/{board}/namespace/name.svg.",
        )
    row = rows.row(0, named=True)
    places = standings(ranked, row)
    text = f"#{places[0].rank} of {places[0].of:,} · {row['average']:.1f}" if places else "running"
    left, right = (round(len(one) * _LETTER) + 2 * _PADDING for one in (title, text))
    return Template(
        "badge.svg",
        context={"title": title, "text": text, "left": left, "right": right},
        media_type="image/svg+xml",
        headers=dict(_HEADERS),
    )
