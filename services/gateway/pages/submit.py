"""Submit a model: a form that fills itself from the Hub and asks the rules before anything is sent.
A plain form, so that it works without JavaScript, too."""

import re
from dataclasses import dataclass, field, replace

from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from contracts.board import Board
from contracts.check import RuleReport
from contracts.models import ModelType, Precision, WeightType
from services.gateway.boards.routes import chosen_board
from services.gateway.dependencies import (
    HubModelsDependency,
    QuotasDependency,
    RuleBookDependency,
)
from services.gateway.http.errors import ErrorCode, Refusal, status_of
from services.gateway.pages.visit import Visit, VisitDependency
from services.gateway.requests.verdict import asked_rules
from services.gateway.submitting.form import SubmitForm, by_field, field_of, question
from services.gateway.submitting.hub_models import HubModels, HubSilentError, NotOnHubError, Shown
from services.gateway.submitting.quotas import Quotas
from services.gateway.submitting.rule_check import Unanswered
from services.gateway.submitting.submitting import SubmittingDependency

_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_SHORTEST_SEARCH = 2


@dataclass(frozen=True)
class Look:
    """What the Hub says to what stands in the model's field."""

    shown: Shown | None = None
    matches: tuple[str, ...] = ()
    missing: str = ""
    """Why it is not shown; empty where nothing was asked."""
    fault: str = ""
    """Why the Hub could not be asked."""


@dataclass(frozen=True)
class Filled:
    """The form as a page shows it."""

    form: SubmitForm
    board: Board | None
    look: Look = field(default_factory=Look)
    report: RuleReport | Unanswered | None = None
    """None where the rules were not asked."""
    refusal: Refusal | None = None
    """Why it was not submitted, or could not be checked."""
    held_back: bool = False
    """Whether it was not submitted because the Hub says something else of the model than the form
    did, which nobody has seen yet."""


@get("/submit", include_in_schema=False)
async def show_submit(
    visit: VisitDependency,
    hub_models: HubModelsDependency,
    quotas: QuotasDependency,
    model: FromQuery[str] = "",
    board: FromQuery[str] = "",
    revision: FromQuery[str] = "",
) -> Template:
    """Filled with what the Hub says of the model."""
    form, look = await _filled_in(SubmitForm.blank(model.strip(), board, revision), hub_models)
    return _page(visit, quotas, Filled(form, _board(form, visit), look))


@post("/submit", include_in_schema=False, status_code=HTTP_200_OK)
async def submit_from_page(
    data: URLEncodedBody[SubmitForm],
    visit: VisitDependency,
    hub_models: HubModelsDependency,
    rule_book: RuleBookDependency,
    submitting: SubmittingDependency,
    quotas: QuotasDependency,
) -> Template | Redirect:
    """Its buttons say what is to be done: the look at the model and the rules change nothing, but
    cost as much as if they did."""
    visit.caller.must_be_known()
    form, look = await _filled_in(data, hub_models)
    filled = Filled(form, _board(data, visit), look)
    try:
        if data.do == "look":
            return _page(visit, quotas, filled)
        board = chosen_board(data.board or None, visit.store)
        asked = question(form.submission(), board.name)
        if data.do == "check":
            return _page(visit, quotas, replace(filled, report=await rule_book.ask(asked)))
        if data.offered and asked != question(data.submission(), board.name):
            return _page(visit, quotas, replace(filled, held_back=True))
        sid = await submitting.take_in(data.submission(), visit.caller)
        return Redirect(f"/requests/{sid}?done=submit", status_code=HTTP_303_SEE_OTHER)
    except Refusal as refusal:
        return _page(visit, quotas, replace(filled, refusal=refusal))


async def _filled_in(form: SubmitForm, hub_models: HubModels) -> tuple[SubmitForm, Look]:
    look = await _look(form, hub_models)
    return (form.suggested_by(look.shown) if look.shown else form), look


def _board(form: SubmitForm, visit: Visit) -> Board | None:
    return visit.store.boards.get(form.board) or visit.any_board()


async def _look(form: SubmitForm, hub_models: HubModels) -> Look:
    name, look = form.model.strip(), Look()
    if len(name) < _SHORTEST_SEARCH:
        return look
    try:
        if _NAME.fullmatch(name):
            try:
                return Look(await hub_models.look_at(name, form.revision.strip() or "main"))
            except NotOnHubError as missing:
                look = Look(missing=str(missing))
        return replace(look, matches=await hub_models.search(name))
    except HubSilentError as fault:
        return replace(look, fault=str(fault))


def _page(visit: Visit, quotas: Quotas, filled: Filled) -> Template:
    report, refusal = filled.report, filled.refusal
    told = report if isinstance(report, RuleReport) else RuleReport()
    field_ = field_of(refusal) if refusal else None
    existing = None
    if refusal and refusal.code is ErrorCode.DUPLICATE_SUBMISSION and refusal.details:
        existing = refusal.details["request"].id
    board = filled.board
    context = {
        "form": filled.form,
        "look": filled.look,
        "report": report if isinstance(report, RuleReport) else None,
        "unanswered": report if isinstance(report, Unanswered) else None,
        "reasons": by_field(told.reasons),
        "warnings": by_field(told.warnings),
        "rules": asked_rules(told.reasons, told.warnings, told.rules),
        "faults": {field_: refusal.message} if refusal and field_ else {},
        "refusal": None if field_ else refusal,
        "held_back": filled.held_back,
        "existing": existing,
        "quota": quotas.left(visit.caller.user, board) if board else None,
        "may_submit": visit.caller.access.open or visit.caller.user is not None,
        "precisions": tuple(Precision),
        "part": visit.part,
        "model_types": tuple(ModelType),
        "weight_types": tuple(WeightType),
    }
    page = visit.page("submit", context, board=board, parts=("submission",))
    if refusal and visit.part is None:
        page.status_code = status_of(refusal)
    return page
