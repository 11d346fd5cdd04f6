"""Dead letters over HTTP, for moderators: their reasons tell of the inside of this leaderboard, and
nobody has looked yet at what a message holds that could not be read."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from contracts.moderation import DeadLetterReplayed
from contracts.submission import SubmissionRerunRequested
from contracts.views import Request
from runtime.bus import AlreadyPublishedError
from runtime.dead_letters import Advisory, Buried
from services.gateway.dependencies import (
    CallerDependency,
    DeadLettersDependency,
    EventLogDependency,
    StoreDependency,
)
from services.gateway.http.errors import ErrorCode, Refusal, refuses
from services.gateway.identity.access import Caller
from services.gateway.moderation.dead_letters import DeadLetter, DeadLetters, obstacle, replayed
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore
from services.gateway.views import status_url

_MOST_BODY_BYTES = 64 * 1024
_SEQUENCES = range(1, 2**64)
"""Those that a stream gives out; NATS does not answer when it is asked for another."""

_REFUSALS = (
    ErrorCode.SIGN_IN_REQUIRED,
    ErrorCode.FORBIDDEN,
    ErrorCode.BUS_UNREACHABLE,
)


class Replay(msgspec.Struct, frozen=True):
    at: datetime
    by: str | None
    """Null on an open gateway."""
    reason: str


class Letter(msgspec.Struct, frozen=True):
    sequence: int
    """Its place in DEAD_LETTERS."""
    at: datetime
    kind: str
    """`buried` holds the message, `advisory` is the server's note on one, `unknown` is neither."""
    reason: str
    """Why nobody could handle it."""
    consumer: str
    """Who could not; empty if unknown."""
    subject: str
    """Where the message stood."""
    event: str | None
    """Its type; null when this version cannot read it."""
    request_id: str | None
    """The submission it is about; null when that cannot be told."""
    run: int | None
    can_replay: bool
    obstacle: str | None
    """Why it cannot be replayed; null when it can."""
    replayed: Replay | None
    """When and why it was; null when it never was."""


class LetterDetails(Letter, frozen=True):
    headers: dict[str, str]
    body: str
    """As text; bytes that are none are replaced."""
    body_bytes: int
    """Of the whole; `body` ends after the first 64 KiB."""
    decoded: dict[str, Any] | None
    """The event's fields, as this version reads them; null when it cannot."""


class LetterPage(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[Letter, ...]
    next: str | None
    """Address of the page that follows; null on the last."""


class WhyReplayed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    """Why, for the log of decisions."""


class ReplayReceipt(msgspec.Struct, frozen=True):
    request_id: str
    run: int
    """The run that was asked for."""
    status_url: str


@get(
    "/api/v1/dead-letters",
    operation_id="listDeadLetters",
    tags=["moderation"],
    responses=refuses(ErrorCode.INVALID_REQUEST, *_REFUSALS),
)
async def list_dead_letters(
    store: StoreDependency,
    dead_letters: DeadLettersDependency,
    caller: CallerDependency,
    before: Annotated[int | None, QueryParameter(ge=1)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> LetterPage:
    """What nobody could handle, newest first. `before` is a sequence."""
    caller.must_be_moderator()
    letters, further = await dead_letters.before(before, limit)
    following = f"/api/v1/dead-letters?before={further}&limit={limit}" if further else None
    return LetterPage(tuple(letter_summary(letter, store) for letter in letters), following)


@get(
    "/api/v1/dead-letters/{sequence:int}",
    operation_id="getDeadLetter",
    tags=["moderation"],
    responses=refuses(ErrorCode.DEAD_LETTER_UNKNOWN, *_REFUSALS),
)
async def get_dead_letter(
    sequence: FromPath[int],
    store: StoreDependency,
    dead_letters: DeadLettersDependency,
    caller: CallerDependency,
) -> LetterDetails:
    """One of them, with the message that was lost."""
    caller.must_be_moderator()
    return letter_details(await known_letter(sequence, dead_letters), store)


def letter_details(letter: DeadLetter, store: ViewStore) -> LetterDetails:
    return LetterDetails(
        **msgspec.structs.asdict(letter_summary(letter, store)),
        headers=dict(letter.headers),
        body=letter.body[:_MOST_BODY_BYTES].decode(errors="replace"),
        body_bytes=letter.whole_bytes,
        decoded=letter.decoded[0].model_dump(mode="json") if letter.decoded else None,
    )


@post(
    "/api/v1/dead-letters/{sequence:int}/replay",
    status_code=HTTP_202_ACCEPTED,
    operation_id="replayDeadLetter",
    tags=["moderation"],
    responses=refuses(ErrorCode.DEAD_LETTER_UNKNOWN, ErrorCode.WRONG_STATE, *_REFUSALS),
)
async def replay_dead_letter(
    sequence: FromPath[int],
    data: JSONBody[WhyReplayed],
    store: StoreDependency,
    dead_letters: DeadLettersDependency,
    event_log: EventLogDependency,
    caller: CallerDependency,
) -> Response[ReplayReceipt]:
    """Have what was lost done again: its submission gets another run. The decision stands in the
    log of moderation."""
    caller.must_be_moderator()
    letter = await known_letter(sequence, dead_letters)
    return Response(await replay(letter, data.reason, caller, store, event_log))


async def replay(
    letter: DeadLetter, reason: str, caller: Caller, store: ViewStore, event_log: EventLog
) -> ReplayReceipt:
    """Returns once it is on disk. Raises Refusal for what cannot be replayed."""
    sequence, request = letter.sequence, _request(letter, store)
    hindered = obstacle(letter, request)
    if hindered or request is None:
        raise _cannot_be_replayed(sequence, hindered or "")
    run = request.run + 1
    decision = DeadLetterReplayed(
        sequence=sequence, sid=request.sid, run=run, reason=reason, by=caller.name
    )
    rerun = SubmissionRerunRequested(
        sid=request.sid, run=run, by=caller.name, note=f"dead letter {sequence}: {reason}"
    )
    # The decision first: nothing happens unlogged. Sent again after a crash between the two, the
    # request completes what the first had begun.
    await event_log.publish_as(letter.at.isoformat(), decision)
    try:
        await event_log.publish_once(rerun)
    except AlreadyPublishedError as taken:
        raise _cannot_be_replayed(sequence, f"Run {run} was asked for a moment ago.") from taken
    return ReplayReceipt(request.sid, run, status_url(request.sid))


async def known_letter(sequence: int, dead_letters: DeadLetters) -> DeadLetter:
    letter = await dead_letters.at(sequence) if sequence in _SEQUENCES else None
    if letter is None:
        raise Refusal(
            ErrorCode.DEAD_LETTER_UNKNOWN,
            f"There is no dead letter {sequence}.",
            "Take the sequence from /api/v1/dead-letters; letters are kept for 90 days.",
        )
    return letter


def _request(letter: DeadLetter, store: ViewStore) -> Request | None:
    return store.requests.get(letter.sid) if letter.sid else None


def letter_summary(letter: DeadLetter, store: ViewStore) -> Letter:
    decision = replayed(letter, store)
    hindered = obstacle(letter, _request(letter, store))
    return Letter(
        sequence=letter.sequence,
        at=letter.at,
        kind=_kind(letter),
        reason=letter.reason,
        consumer=letter.reader,
        subject=letter.subject,
        event=letter.decoded[1].type if letter.decoded else None,
        request_id=letter.sid,
        run=letter.run,
        can_replay=hindered is None,
        obstacle=hindered,
        replayed=Replay(decision.at, decision.by, decision.reason) if decision else None,
    )


def _kind(letter: DeadLetter) -> str:
    match letter.letter:
        case Buried():
            return "buried"
        case Advisory():
            return "advisory"
    return "unknown"


def _cannot_be_replayed(sequence: int, why: str) -> Refusal:
    return Refusal(
        ErrorCode.WRONG_STATE,
        f"Dead letter {sequence} cannot be replayed. {why}",
        "Look at it with `podium dead-letters show`; any request that has ended can be run again"
        " by a moderator.",
    )
