"""What new definitions of a board have done to its rows, for people."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from services.gateway.boards.rescoring_routes import rescorings_of
from services.gateway.boards.routes import known_board
from services.gateway.pages.visit import VisitDependency


@get("/boards/{name:str}/rescorings", include_in_schema=False)
async def show_rescorings(name: FromPath[str], visit: VisitDependency) -> Template:
    board = known_board(name, visit.store)
    context = {"rescorings": rescorings_of(name, visit.store)}
    return visit.page("rescorings", context, board=board, parts=("rescorings",))
