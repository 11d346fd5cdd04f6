"""What moderators decide: the log for everybody, the forms for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_303_SEE_OTHER

from contracts.views import Decision, Ruling
from services.gateway.dependencies import EventLogDependency
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.moderation.routes import DecisionRequest, decide
from services.gateway.moderation.standing import standing_marks
from services.gateway.pages.visit import VisitDependency
from services.gateway.state.store import ViewStore

_ON_A_PAGE = 50


@dataclass(frozen=True)
class Kind:
    """One decision as the page offers it."""

    what: str
    label: str
    consequence: str
    field: str
    """Of the body that names what it is about: `model`, `user` or `organisation`."""
    is_harsh: bool = False


KINDS = (
    Kind("flag", "Flag", "It stays on the board, with a mark that shows the reason.", "model"),
    Kind("unflag", "Unflag", "Its mark goes, and that of equal weights, too.", "model"),
    Kind("rename", "Rename", "Its rows follow the repository to its new name.", "model"),
    Kind("remove", "Remove", "Its rows leave every board.", "model", is_harsh=True),
    Kind("restore", "Restore", "Its rows are put back on the boards.", "model"),
    Kind("note", "Write a note", "It stands in the log; nothing follows from it.", "model"),
    Kind("bar", "Bar", "It may not be submitted any more.", "model", is_harsh=True),
    Kind("unbar", "Unbar", "It may be submitted again.", "model"),
    Kind("ban", "Ban", "The user may change nothing here.", "user", is_harsh=True),
    Kind("unban", "Unban", "The user may submit and act again.", "user"),
    Kind(
        "name-provider",
        "Name an official provider",
        "It has no quota, and only moderators have its models run again.",
        "organisation",
    ),
    Kind(
        "withdraw-provider",
        "Withdraw a provider",
        "Quotas hold for it as for everybody.",
        "organisation",
    ),
)
_KINDS = {kind.what: kind for kind in KINDS}


def _label(what: str) -> str | None:
    return _KINDS[what].label if what in _KINDS else None


class DecisionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of every kind; what does not belong to one is left empty."""

    what: str = ""
    model: str = ""
    user: str = ""
    organisation: str = ""
    new_name: str = ""
    link: str = ""
    reason: str = ""
    csrf_token: str = ""
    """Looked at before the route runs."""

    def decision(self) -> DecisionRequest:
        """Raises Refusal."""
        said = {name: value.strip() for name, value in msgspec.structs.asdict(self).items()}
        del said["csrf_token"]
        try:
            decision: DecisionRequest = msgspec.convert(
                {name: value for name, value in said.items() if value}, DecisionRequest
            )
        except msgspec.ValidationError as fault:
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"{_label(self.what) or 'The decision'}: {fault}.",
                "Go back, correct it, and send it again. Models are named `namespace/name`, users"
                " and organisations as on the Hub; all but a rename take a reason.",
            ) from fault
        return decision


@dataclass(frozen=True)
class Holding:
    """What was decided once and holds until a decision of kind `undo` takes it back."""

    title: str
    rulings: Sequence[Ruling]
    none: str
    """Said where there is nothing."""
    undo: Kind


@get("/moderation", include_in_schema=False)
async def show_moderation(
    visit: VisitDependency,
    about: FromQuery[str] = "",
    what: FromQuery[str] = "",
    number: Annotated[int, QueryParameter(name="page", ge=1)] = 1,
    done: FromQuery[str] = "",
) -> Template:
    """`done` is what a form of this page has just decided."""
    store = visit.store
    newest = sorted(store.decisions.values(), key=lambda each: -each.sequence)
    chosen = [
        each
        for each in newest
        if (not about or about in (each.about, each.new_repo_id)) and what in ("", each.what)
    ]
    first = (number - 1) * _ON_A_PAGE
    context = {
        "decisions": chosen[first : first + _ON_A_PAGE],
        "total": len(chosen),
        "about": about,
        "what": what,
        "all_whats": sorted({each.what for each in newest}),
        "number": number,
        "pages": max(1, -(-len(chosen) // _ON_A_PAGE)),
        "holding": tuple(_holding(store)),
        "kinds": KINDS,
        "done": _label(done),
    }
    return visit.page(
        "moderation", context, board=visit.any_board(), parts=("decisions", "holding")
    )


def _holding(store: ViewStore) -> Iterator[Holding]:
    marks, policy = standing_marks(store.decisions.values()), store.policy
    for title, rulings, none, undo in (
        ("Flagged", _rulings(marks.flagged), "No model is flagged.", "unflag"),
        ("Off the boards", _rulings(marks.removed), "No model was removed.", "restore"),
        ("Not to be submitted", policy.barred, "No model is barred.", "unbar"),
        ("Banned", policy.banned, "Nobody is banned.", "unban"),
        ("Official providers", policy.official_providers, "There is none.", "withdraw-provider"),
    ):
        yield Holding(title, rulings, none, _KINDS[undo])


def _rulings(decisions: Sequence[Decision]) -> tuple[Ruling, ...]:
    return tuple(Ruling(name=one.about, reason=one.reason, at=one.at) for one in decisions)


@post("/moderation", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def moderate_from_page(
    data: URLEncodedBody[DecisionForm], visit: VisitDependency, event_log: EventLogDependency
) -> Redirect:
    visit.caller.must_be_moderator()
    await decide(data.decision(), visit.caller, event_log)
    return Redirect(f"/moderation?done={data.what}", status_code=HTTP_303_SEE_OTHER)
