"""What nobody could handle, and another try at it; for moderators."""

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
from services.gateway.pages.visit import VisitDependency

_ON_A_PAGE = 50


class ReplayForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    csrf_token: str = ""
    """Looked at before the route runs."""


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
        "requests": visit.store.requests,
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
