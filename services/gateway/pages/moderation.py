"""What moderators decide: the log for everybody, the forms for them."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_303_SEE_OTHER

from services.gateway.dependencies import DeadLettersDependency, EventLogDependency
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.moderation.dead_letter_routes import (
    known_letter,
    letter_details,
    letter_summary,
    replay,
)
from services.gateway.moderation.routes import DecisionRequest, decide
from services.gateway.pages.visit import VisitDependency

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
_LABELS = {kind.what: kind.label for kind in KINDS}


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
                f"{_LABELS.get(self.what, 'The decision')}: {fault}.",
                "Go back, correct it, and send it again. Models are named `namespace/name`, users"
                " and organisations as on the Hub; all but a rename take a reason.",
            ) from fault
        return decision


class ReplayForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    csrf_token: str = ""
    """Looked at before the route runs."""


@get("/moderation", include_in_schema=False)
async def show_moderation(
    visit: VisitDependency,
    about: FromQuery[str] = "",
    number: Annotated[int, QueryParameter(name="page", ge=1)] = 1,
    done: FromQuery[str] = "",
) -> Template:
    """`done` is what a form of this page has just decided."""
    store = visit.store
    newest = sorted(store.decisions.values(), key=lambda each: -each.sequence)
    chosen = [each for each in newest if not about or about in (each.about, each.new_repo_id)]
    first = (number - 1) * _ON_A_PAGE
    context = {
        "decisions": chosen[first : first + _ON_A_PAGE],
        "total": len(chosen),
        "about": about,
        "number": number,
        "pages": max(1, -(-len(chosen) // _ON_A_PAGE)),
        "policy": store.policy,
        "kinds": KINDS,
        "done": _LABELS.get(done),
    }
    return visit.page("moderation", context, board=visit.any_board(), parts=("decisions",))


@post("/moderation", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def moderate_from_page(
    data: URLEncodedBody[DecisionForm], visit: VisitDependency, event_log: EventLogDependency
) -> Redirect:
    visit.caller.must_be_moderator()
    await decide(data.decision(), visit.caller, event_log)
    return Redirect(f"/moderation?done={data.what}", status_code=HTTP_303_SEE_OTHER)


@get("/moderation/dead-letters", include_in_schema=False)
async def show_dead_letters(
    visit: VisitDependency,
    dead_letters: DeadLettersDependency,
    before: Annotated[int | None, QueryParameter(ge=1)] = None,
    done: FromQuery[str] = "",
) -> Template:
    visit.caller.must_be_moderator()
    letters, further = await dead_letters.before(before, _ON_A_PAGE)
    context = {
        "letters": [letter_summary(letter, visit.store) for letter in letters],
        "further": further,
        "done": done,
    }
    return visit.page("dead_letters", context, board=visit.any_board())


@get("/moderation/dead-letters/{sequence:int}", include_in_schema=False)
async def show_dead_letter(
    sequence: FromPath[int], visit: VisitDependency, dead_letters: DeadLettersDependency
) -> Template:
    visit.caller.must_be_moderator()
    letter = letter_details(await known_letter(sequence, dead_letters), visit.store)
    decoded = msgspec.json.format(msgspec.json.encode(letter.decoded)).decode()
    context = {"letter": letter, "decoded": decoded if letter.decoded else None}
    return visit.page("dead_letter", context, board=visit.any_board())


@post(
    "/moderation/dead-letters/{sequence:int}/replay",
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def replay_from_page(
    sequence: FromPath[int],
    data: URLEncodedBody[ReplayForm],
    visit: VisitDependency,
    dead_letters: DeadLettersDependency,
    event_log: EventLogDependency,
) -> Redirect:
    visit.caller.must_be_moderator()
    if not data.reason.strip():
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            "A replay needs a reason, which everybody can read.",
            "Go back and say why it should work this time.",
        )
    letter = await known_letter(sequence, dead_letters)
    await replay(letter, data.reason.strip(), visit.caller, visit.store, event_log)
    return Redirect(f"/moderation/dead-letters?done={sequence}", status_code=HTTP_303_SEE_OTHER)
