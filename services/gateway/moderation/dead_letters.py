"""What stands in DEAD_LETTERS, as far as a moderator can do something with it."""

import asyncio
import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.evaluation import FailureCause
from contracts.submission import SubmissionReceived
from contracts.topology import DEAD_LETTERS, dead_letter_subject
from contracts.views import Decision, Request, RequestState
from runtime.bus import UnreadableMessageError, decode_event
from runtime.dead_letters import BYTES, Advisory, Buried, read_dead_letter
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.state.store import ViewStore

log = structlog.get_logger(__name__)

T = TypeVar("T")

_AGGREGATOR = "aggregator"
_MOST_LOOKED_AT = 500
_SUBMISSION_ID = re.compile(r"\.([0-9a-f]{20})(?:\.|$)")


@dataclass(frozen=True)
class DeadLetter:
    """One message of DEAD_LETTERS."""

    sequence: int
    at: datetime
    letter: Buried | Advisory | None
    """None for what is neither: somebody else's."""
    subject: str
    """Where the message stood that was lost; for an advisory about another stream, that stream."""
    headers: Mapping[str, str]
    body: bytes
    decoded: tuple[Event, Envelope] | None = None
    """The message that was lost, when this version can read it."""

    @property
    def whole_bytes(self) -> int:
        """Of the message that was lost; its copy may have been cut."""
        told = self.headers.get(BYTES, "")
        return int(told) if told.isdecimal() else len(self.body)

    @property
    def reason(self) -> str:
        return self.letter.reason if self.letter else "It does not say why it is here."

    @property
    def reader(self) -> str:
        """Who could not handle it; empty if unknown."""
        match self.letter:
            case Buried():
                return self.letter.reader
            case Advisory():
                return self.letter.consumer
        return ""

    @property
    def sid(self) -> str | None:
        """The submission it is about; None when that cannot be told."""
        if self.decoded:
            return getattr(self.decoded[0], "sid", None)
        found = _SUBMISSION_ID.search(self.subject)
        return found[1] if found else None

    @property
    def run(self) -> int | None:
        if self.decoded is None:
            return None
        if isinstance(self.decoded[0], SubmissionReceived):
            return 1
        return getattr(self.decoded[0], "run", None)


@dataclass(frozen=True)
class Counted:
    letters: int
    unhandled_events: int
    """Of these: no aggregator could read or show them, and EVENTS has them for a version that can.
    """


class DeadLetters:
    def __init__(self, client: Client) -> None:
        self._js = client.jetstream()

    async def before(self, sequence: int | None, limit: int) -> tuple[list[DeadLetter], int | None]:
        """The newest that stand before `sequence`, the newest first, and the place to go on before;
        None when there is nothing more."""
        state = (await self._asked(self._js.stream_info(DEAD_LETTERS.name))).state
        newest = state.last_seq if sequence is None else min(sequence - 1, state.last_seq)
        found: list[DeadLetter] = []
        oldest = max(state.first_seq, newest - _MOST_LOOKED_AT + 1, 1)
        while newest >= oldest and len(found) < limit:
            places = range(newest, max(oldest, newest - (limit - len(found)) + 1) - 1, -1)
            letters = await asyncio.gather(*map(self.at, places))
            found += [letter for letter in letters if letter]
            newest = places[-1] - 1
        return found, newest + 1 if newest >= max(state.first_seq, 1) else None

    async def counted(self) -> "Counted":
        """How many stand there, and how many of them no aggregator could handle."""
        of_aggregators = dead_letter_subject(_AGGREGATOR)
        asked = self._js.stream_info(DEAD_LETTERS.name, subjects_filter=f"{of_aggregators}.>")
        state = (await self._asked(asked)).state
        return Counted(state.messages, sum((state.subjects or {}).values()))

    async def at(self, sequence: int) -> DeadLetter | None:
        """None where nothing stands, or stands no more."""
        try:
            message = await self._asked(self._js.get_msg(DEAD_LETTERS.name, sequence))
        except NotFoundError:
            return None
        return read(message)

    async def _asked(self, question: Awaitable[T]) -> T:
        """Raises Refusal when NATS does not answer."""
        try:
            return await question
        except NotFoundError:
            raise
        except NatsError as fault:
            log.warning("nats gave no answer", error=str(fault) or repr(fault))
            raise Refusal(
                ErrorCode.BUS_UNREACHABLE,
                "The message bus did not answer.",
                "Try again in a moment.",
            ) from fault


def read(message: RawStreamMsg) -> DeadLetter:
    headers, body, subject = message.headers or {}, message.data or b"", message.subject or ""
    try:
        letter = read_dead_letter(subject, headers, body)
    except ValueError:
        letter = None
    decoded = None
    match letter:
        case Buried():
            subject = letter.subject
            decoded = _decoded(subject, headers, body)
        case Advisory():
            subject = f"{letter.stream}, message {letter.sequence}"
    return DeadLetter(
        sequence=message.seq or 0,
        at=message.time or datetime.now(UTC),
        letter=letter,
        subject=subject,
        headers=headers,
        body=body,
        decoded=decoded,
    )


def _decoded(where: str, headers: dict[str, str], body: bytes) -> tuple[Event, Envelope] | None:
    try:
        return decode_event(where, headers, body)
    except UnreadableMessageError:
        return None


# ── replaying ────────────────────────────────────────────────────────────────────────────────────


def replayed(letter: DeadLetter, store: ViewStore) -> Decision | None:
    """By which decision it was; None if by none. Places in a stream that was made anew are given
    out again, so an older decision is about another letter."""
    for decision in store.decisions.values():
        if decision.dead_letter == letter.sequence and decision.at > letter.at:
            return decision
    return None


def obstacle(letter: DeadLetter, request: Request | None) -> str | None:
    """Why it cannot be replayed; None when it can. A replay is another run of its submission, so
    that is for submissions that wait for what was lost, or that ended with it."""
    if isinstance(letter.letter, Advisory):
        return "It is a note of the server; the message itself is a letter of its own, or handled."
    if letter.reader == _AGGREGATOR:
        return (
            "It stands in EVENTS as well, and an aggregator that can read and show it takes it in"
            " when it starts."
        )
    if letter.sid is None:
        return "It cannot be told which submission it is about."
    if request is None:
        return f"There is no request {letter.sid}."
    if _has_begun_since(letter, request):
        return f"Run {request.run} of the request was asked for since."
    match request.state:
        case RequestState.RECEIVED:
            return None
        case RequestState.FAILED if (
            request.failure and request.failure.cause is FailureCause.INFRASTRUCTURE
        ):
            return None
        case RequestState.WAITING | RequestState.RUNNING:
            return f"Run {request.run} of the request is {request.state}: it is not lost."
    return f"The request is {request.state}: nothing waits for what was lost."


def _has_begun_since(letter: DeadLetter, request: Request) -> bool:
    if letter.run is not None:
        return request.run > letter.run
    asked = [line.at for line in request.history if line.what == "submission.rerun_requested"]
    return bool(asked) and asked[-1] > letter.at
