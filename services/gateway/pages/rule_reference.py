"""The rules that a submission is asked before it is evaluated, each at an address of its own."""

from litestar import get
from litestar.response import Template

from contracts.rule_book import rule_book
from services.gateway.pages.visit import VisitDependency


@get("/docs/rules", include_in_schema=False)
async def show_rules(visit: VisitDependency) -> Template:
    context = {"rules": tuple(rule_book().values())}
    return visit.page("reference/rules", context, board=visit.any_board())
