"""What goes through the pipe comes out whole, and each submission's events together."""

import io

from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.moderation import ProviderNamed
from contracts.vote import VoteCast
from services.aggregator.frames import Recorded, framed, read_messages
from services.aggregator.lives import one_after_the_other, submission_of
from tests.unit.aggregator.story import accepted, finished, received, scored, sid_of, started

ONE, TWO = "acme/one", "acme/two"
NAMED = ProviderNamed(organisation="acme", reason="It is theirs.", by="mod")
SIDE_BY_SIDE: tuple[Event, ...] = (
    *(received(ONE), received(TWO), accepted(TWO), accepted(ONE), NAMED, started(ONE)),
    *(started(TWO), scored("facts", 0.5, repo_id=TWO), finished(TWO)),
    *(scored("facts", 0.5, repo_id=ONE), VoteCast(sid=sid_of(TWO), voter="ada"), finished(ONE)),
)


def as_message(place: int, event: Event) -> Msg:
    """As nats-py hands it over."""
    reply = f"$JS.ACK.EVENTS.fold.1.{place}.{place}.1700000000000000000.0"
    headers = Envelope.of(event, "test").headers()
    return Msg(Client(), event.subject(), reply, event.model_dump_json().encode(), headers)


MESSAGES = [as_message(place, event) for place, event in enumerate(SIDE_BY_SIDE, start=1)]


def through_a_pipe(messages: list[Msg]) -> list[Recorded]:
    return list(read_messages(io.BytesIO(b"".join(map(framed, messages)))))


def test_messages_come_out_of_the_pipe_as_they_went_in() -> None:
    assert through_a_pipe(MESSAGES) == [
        Recorded(place, message.subject, message.headers or {}, message.data)
        for place, message in enumerate(MESSAGES, start=1)
    ]


def test_each_submission_comes_as_a_whole_when_it_has_ended() -> None:
    recorded = through_a_pipe(MESSAGES)

    told = list(one_after_the_other(recorded))

    assert [submission_of(each.subject, each.headers) for each in told] == [
        *[None],
        *[sid_of(TWO)] * 5,
        *[sid_of(ONE)] * 5,
        # A vote after the end.
        *[sid_of(TWO)],
    ]
    assert sorted(each.sequence for each in told) == [each.sequence for each in recorded]
    for sid in (sid_of(ONE), sid_of(TWO)):
        places = [each.sequence for each in told if sid in each.subject]
        assert places == sorted(places)


def test_a_message_of_no_kind_that_is_known_is_passed_on() -> None:
    stranger = Recorded(1, "podium.v1.submission.received", {}, b"")

    assert list(one_after_the_other([stranger])) == [stranger]
