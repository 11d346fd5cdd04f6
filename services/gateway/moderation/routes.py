"""What moderators decide, and the log of it that everybody may read."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from contracts.base import Event
from contracts.moderation import (
    ModelBarred,
    ModelFlagged,
    ModelNoted,
    ModelRemoved,
    ModelRenamed,
    ModelRestored,
    ModelUnbarred,
    ModelUnflagged,
    ProviderNamed,
    ProviderWithdrawn,
    SubmitterBanned,
    SubmitterUnbanned,
)
from services.gateway.dependencies import CallerDependency, EventLogDependency, StoreDependency
from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.identity.access import Caller
from services.gateway.state.event_log import EventLog
from services.gateway.views import Items, RepoId

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
_Link = Annotated[str, msgspec.Meta(pattern=r"^https?://\S+$(?!\n)", max_length=500)]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+$(?!\n)", max_length=100)]


class _Ruling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what"):
    reason: _Text


class Flag(_Ruling, frozen=True, tag="flag"):
    """Mark a model, which stays on the board."""

    model: RepoId
    link: _Link | None = None
    """Public discussion."""


class Rename(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what", tag="rename"
):
    """The repository has another name on the Hub; its rows move with it."""

    model: RepoId
    new_name: RepoId


class _OfModel(_Ruling, frozen=True):
    model: RepoId


class Unflag(_OfModel, frozen=True, tag="unflag"):
    """Take the flag back."""


class Remove(_OfModel, frozen=True, tag="remove"):
    """Take its rows off the boards."""


class Restore(_OfModel, frozen=True, tag="restore"):
    """Put them back."""


class Note(_OfModel, frozen=True, tag="note"):
    """Write something down; nothing follows from it."""


class Bar(_OfModel, frozen=True, tag="bar"):
    """It may not be submitted."""


class Unbar(_OfModel, frozen=True, tag="unbar"):
    """It may be submitted again."""


class NameProvider(_Ruling, frozen=True, tag="name-provider"):
    """An official provider: no quota, and only moderators have its models run again."""

    organisation: _Name


class WithdrawProvider(_Ruling, frozen=True, tag="withdraw-provider"):
    """An official provider no more."""

    organisation: _Name


class Ban(_Ruling, frozen=True, tag="ban"):
    """The user may change nothing here."""

    user: _Name


class Unban(_Ruling, frozen=True, tag="unban"):
    """The user may submit again."""

    user: _Name


DecisionRequest = (
    Flag
    | Unflag
    | Rename
    | Remove
    | Restore
    | Note
    | Bar
    | Unbar
    | NameProvider
    | WithdrawProvider
    | Ban
    | Unban
)

_OF_MODELS: dict[type[_OfModel], Callable[..., Event]] = {
    Unflag: ModelUnflagged,
    Remove: ModelRemoved,
    Restore: ModelRestored,
    Note: ModelNoted,
    Bar: ModelBarred,
    Unbar: ModelUnbarred,
}


class DecisionTaken(msgspec.Struct, frozen=True):
    what: str
    about: str


class Decision(msgspec.Struct, frozen=True):
    sequence: int
    """Place of its event in EVENTS."""
    at: datetime
    what: str
    """The event, such as `flagged`."""
    about: str
    """The repository, user, organisation or submission."""
    reason: str
    by: str | None
    """Null on an open gateway."""
    link: str | None
    new_repo_id: str | None
    """Of a rename."""
    dead_letter: int | None
    """Of a replay: the letter's place in DEAD_LETTERS."""


@post(
    "/api/v1/moderation",
    status_code=HTTP_202_ACCEPTED,
    operation_id="moderate",
    tags=["moderation"],
    responses=refuses(
        ErrorCode.INVALID_REQUEST,
        ErrorCode.SIGN_IN_REQUIRED,
        ErrorCode.FORBIDDEN,
        ErrorCode.BUS_UNREACHABLE,
    ),
)
async def moderate(
    data: JSONBody[DecisionRequest], event_log: EventLogDependency, caller: CallerDependency
) -> Response[DecisionTaken]:
    """Decide about a model, a user or an organisation. 202 means that it is on disk; boards and log
    follow within a moment."""
    return Response(await decide(data, caller, event_log))


async def decide(data: DecisionRequest, caller: Caller, event_log: EventLog) -> DecisionTaken:
    """Returns once it is on disk. Raises Refusal for whoever is no moderator."""
    caller.must_be_moderator()
    event, about = _event(data, caller.name)
    await event_log.publish(event)
    return DecisionTaken(event.type_name().rpartition(".")[2], about)


@get("/api/v1/moderation", operation_id="listDecisions", tags=["moderation"])
async def list_decisions(
    store: StoreDependency,
    about: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> Items[Decision]:
    """Newest first; `about` is a repository, user, organisation or submission."""
    newest = sorted(store.decisions.values(), key=lambda each: -each.sequence)
    chosen = [each for each in newest if about in (None, each.about, each.new_repo_id)]
    return Items(items=msgspec.convert(chosen[:limit], tuple[Decision, ...], from_attributes=True))


def _event(data: DecisionRequest, by: str | None) -> tuple[Event, str]:
    """The event, and whom or what it is about."""
    match data:
        case Flag(reason=reason, model=model, link=link):
            return ModelFlagged(repo_id=model, reason=reason, link=link, by=by), model
        case Rename(model=model, new_name=new_name):
            return ModelRenamed(repo_id=model, new_repo_id=new_name, by=by), model
        case NameProvider(reason=reason, organisation=name):
            return ProviderNamed(organisation=name, reason=reason, by=by), name
        case WithdrawProvider(reason=reason, organisation=name):
            return ProviderWithdrawn(organisation=name, reason=reason, by=by), name
        case Ban(reason=reason, user=user):
            return SubmitterBanned(user=user, reason=reason, by=by), user
        case Unban(reason=reason, user=user):
            return SubmitterUnbanned(user=user, reason=reason, by=by), user
        case _:
            kind = _OF_MODELS[type(data)]
            return kind(repo_id=data.model, reason=data.reason, by=by), data.model
