import asyncio

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.board import Board
from contracts.evaluation import EvaluationTaskScored
from contracts.models import Lane, Tier
from contracts.moderation import ModelRemoved
from contracts.submission import SubmissionAccepted, SubmissionPromoted
from contracts.topology import DEAD_LETTERS, EVENTS, JOBS, VIEWS, job_subject
from contracts.views import Entry, Request, RequestState
from runtime.dead_letters import Buried, read_dead_letter
from runtime.topology import ensure_stream
from services.aggregator.views_stream import POSITION
from tests.bus import next_view, until_copied
from tests.integration.aggregator.aggregating import (
    aggregating,
    last_sequence,
    publish,
    until_equal,
    views_in_stream,
    views_when,
)
from tests.unit.aggregator.story import (
    BOARD,
    accepted,
    finished,
    received,
    scored,
    sid_of,
    started,
)

WHOLE_LIFE = (
    received(),
    accepted(),
    started(),
    scored("facts", 0.55),
    scored("logic", 0.75, 0.6),
    finished(),
)
REQUEST = Request.subject_filter(sid=sid_of())
ENTRY = Entry.subject_filter(board=BOARD.name, sid=sid_of())


async def test_what_happens_is_on_the_board_while_it_happens(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url):
        assert await next_view(client, Board) == BOARD

        await publish(jetstream, *WHOLE_LIFE[:4])
        row = await next_view(client, Entry)
        assert (row.provisional, list(row.scores)) == (True, ["facts"])

        await publish(jetstream, *WHOLE_LIFE[4:])
        row = await next_view(client, Entry, lambda row: not row.provisional)
        request = await next_view(client, Request, lambda view: view.state is RequestState.FINISHED)
        assert row.average == pytest.approx(45)
        assert [task.score for task in request.tasks] == pytest.approx([40, 50])


async def test_the_board_comes_back_byte_identical_after_views_was_deleted(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *WHOLE_LIFE)
    await publish(jetstream, received("acme/other"), accepted("acme/other"))
    async with aggregating(nats_url):
        before = await views_in_stream(client)

    await jetstream.delete_stream(VIEWS.name)
    async with aggregating(nats_url):
        after = await views_in_stream(client)

    assert len(before) == 4
    assert after == before


async def test_a_restart_publishes_nothing(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *WHOLE_LIFE, ModelRemoved(repo_id="acme/tiny", reason="", by="mod"))
    async with aggregating(nats_url):
        before = await last_sequence(jetstream)

    async with aggregating(nats_url):
        assert await last_sequence(jetstream) == before


async def test_a_restart_publishes_what_was_missed_and_takes_back_what_nobody_wants(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url):
        pass
    await publish(jetstream, *WHOLE_LIFE[:4])
    nobodys = Request.subject_filter(sid="f" * 20)
    await jetstream.publish(nobodys, b"{}", stream=VIEWS.name)
    before = await last_sequence(jetstream)

    async with aggregating(nats_url):
        standing = await views_in_stream(client)
        assert set(standing) == {BOARD.subject(), REQUEST, ENTRY}
        # The request, the entry and the tombstone; the board stood already.
        assert await last_sequence(jetstream) == before + 3


async def test_views_of_a_kind_that_is_not_known_are_left_alone(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await jetstream.publish("podium.v1.view.summary.demo", b"{}", stream=VIEWS.name)

    async with aggregating(nats_url):
        assert "podium.v1.view.summary.demo" in await views_in_stream(client)


async def test_a_removed_model_leaves_the_board(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *WHOLE_LIFE)
    async with aggregating(nats_url):
        await publish(jetstream, ModelRemoved(repo_id="acme/tiny", reason="asked for", by="mod"))

        standing = await views_when(client, lambda standing: ENTRY not in standing)
        assert REQUEST in standing


async def test_views_come_back_when_they_are_deleted_while_the_aggregator_runs(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *WHOLE_LIFE)
    async with aggregating(nats_url):
        before = await views_in_stream(client)
        await jetstream.delete_stream(VIEWS.name)

        assert await views_when(client, lambda standing: len(standing) == 3) == before


async def test_views_come_back_when_somebody_else_creates_the_stream_again(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *WHOLE_LIFE)
    async with aggregating(nats_url):
        before = await views_in_stream(client)
        await jetstream.delete_stream(VIEWS.name)
        await ensure_stream(jetstream, VIEWS)

        assert await views_when(client, lambda standing: len(standing) == 3) == before


async def test_views_come_back_when_they_are_purged(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *WHOLE_LIFE)
    async with aggregating(nats_url):
        before = await views_in_stream(client)
        await jetstream.purge_stream(VIEWS.name)

        assert await views_when(client, lambda standing: len(standing) == 3) == before


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"not JSON"),
        ({"ce-type": "podium.v1.submission.received", "ce-id": "no uuid"}, b"{}"),
        (
            {
                "ce-type": "podium.v1.submission.received",
                "ce-id": "00000000-0000-0000-0000-000000000001",
                "ce-source": "test",
                "ce-time": "2025-03-01T08:00:00Z",
            },
            b'{"sid": "too short"}',
        ),
        (
            {
                "ce-type": "podium.v1.evaluation.finished",
                "ce-id": "00000000-0000-0000-0000-000000000001",
                "ce-source": "test",
                "ce-time": "2025-03-01T08:00:00",
            },
            finished().model_dump_json().encode(),
        ),
    ],
)
async def test_an_unreadable_event_is_skipped_and_counted(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    headers: dict[str, str],
    body: bytes,
) -> None:
    poison = "podium.v1.submission.received.poison"
    await jetstream.publish(poison, body, stream=EVENTS.name, headers=headers or None)
    await publish(jetstream, *WHOLE_LIFE[:2])

    async with aggregating(nats_url) as aggregator:
        await publish(jetstream, *WHOLE_LIFE[2:])
        await next_view(client, Entry, lambda row: not row.provisional)
        assert aggregator.unreadable == 1


async def test_an_unreadable_event_is_one_dead_letter_however_often_it_is_read(
    nats_url: str, jetstream: JetStreamContext
) -> None:
    subject = "podium.v1.submission.received.x"
    await jetstream.publish(subject, b"from the future", stream=EVENTS.name)

    for sequence in (1, 2):
        async with aggregating(nats_url):
            await jetstream.publish(subject, b"once more", stream=EVENTS.name)
            await until_equal(lambda: _letters(jetstream), sequence + 1)

    first = await jetstream.get_msg(DEAD_LETTERS.name, 1)
    letter = read_dead_letter(first.subject or "", first.headers, first.data or b"")
    assert isinstance(letter, Buried)
    assert (letter.reader, letter.subject, letter.body) == (
        "aggregator",
        subject,
        b"from the future",
    )
    assert "CloudEvents" in letter.reason


async def test_an_unreadable_event_as_large_as_they_come_stops_nothing(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    """Whole, its dead letter would be larger than what the server takes."""
    await client.publish("podium.v1.submission.received.x", b"x" * client.max_payload)
    await client.flush()

    async with aggregating(nats_url):
        await publish(jetstream, *WHOLE_LIFE)
        await next_view(client, Entry, lambda row: not row.provisional)
        await until_equal(lambda: _letters(jetstream), 1)

    letter = await jetstream.get_msg(DEAD_LETTERS.name, 1)
    assert (letter.headers or {})["podium-bytes"] == str(client.max_payload)
    assert len(letter.data or b"") < client.max_payload


async def _letters(js: JetStreamContext) -> int:
    return (await js.stream_info(DEAD_LETTERS.name)).state.messages


async def test_a_submission_that_brings_a_fault_is_set_apart_and_everybody_else_goes_on(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    """Its score is beyond all floats when it is normalised."""
    bad = "acme/bad"
    request = Request.subject_filter(sid=sid_of(bad))
    await publish(jetstream, received(bad), accepted(bad), started(bad))

    async with aggregating(nats_url):
        await publish(jetstream, scored("facts", 1.7e308, repo_id=bad), *WHOLE_LIFE)
        await next_view(client, Entry, lambda row: row.sid == sid_of() and not row.provisional)
        await next_view(client, Request, lambda view: view.state is RequestState.FINISHED)
        await next_view(client, Request, lambda view: view.unshown is not None)
        await until_equal(lambda: _letters(jetstream), 1)
        set_apart = await views_in_stream(client)

    letter = await jetstream.get_msg(DEAD_LETTERS.name, 1)
    view = Request.model_validate_json(set_apart[request])
    assert view.unshown
    assert (letter.headers or {})["ce-id"] == str(view.unshown.event_id)
    assert (letter.headers or {})["ce-type"] == EvaluationTaskScored.type_name()
    assert "finite" in (letter.headers or {})["podium-reason"]

    # A full fold finds the same, and tells of it once.
    await jetstream.delete_stream(VIEWS.name)
    async with aggregating(nats_url):
        assert await views_in_stream(client) == set_apart
        await publish(jetstream, received("acme/later"))
        await views_when(client, lambda views: len(views) > len(set_apart))
    assert await _letters(jetstream) == 1

    # A definition that does without the score heals it, as a mended version would.
    mended = BOARD.model_copy(update={"tasks": BOARD.tasks[1:]})
    async with aggregating(nats_url, board=mended):
        views = await views_in_stream(client)
        assert Request.model_validate_json(views[request]).unshown is None


async def test_two_aggregators_at_once_agree(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received("acme/other"), accepted("acme/other"))
    async with aggregating(nats_url), aggregating(nats_url):
        await publish(jetstream, *WHOLE_LIFE)
        await next_view(client, Entry, lambda row: not row.provisional)
        await next_view(client, Request, lambda view: view.state is RequestState.FINISHED)
        of_two = await views_in_stream(client)

    await jetstream.delete_stream(VIEWS.name)
    async with aggregating(nats_url):
        assert await views_in_stream(client) == of_two


async def test_an_aggregator_that_lags_does_not_overwrite_newer_views(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, *WHOLE_LIFE[:3])
    async with aggregating(nats_url):
        # Another has read one event more, and published before we did.
        newer = b'{"newer": true}'
        headers = {POSITION: "4"}
        await jetstream.publish(REQUEST, newer, stream=VIEWS.name, headers=headers)
        other = "acme/other"
        await jetstream.publish(ENTRY, newer, stream=VIEWS.name, headers={POSITION: "1000"})
        await publish(jetstream, WHOLE_LIFE[3], received(other))
        await views_when(
            client,
            lambda standing: (
                Request.subject_filter(sid=sid_of(other)) in standing and standing[REQUEST] != newer
            ),
        )

        assert (await views_in_stream(client))[ENTRY] == newer


async def test_events_that_come_while_the_stream_of_views_is_gone_are_not_lost(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url):
        await asyncio.gather(jetstream.delete_stream(VIEWS.name), publish(jetstream, *WHOLE_LIFE))

        await views_when(
            client,
            lambda standing: (
                len(standing) == 3 and b'"provisional":false' in standing.get(ENTRY, b"")
            ),
        )


async def test_a_promoted_submission_has_a_job_in_the_high_lane_once(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url):
        promoted = SubmissionPromoted(sid=sid_of(), run=1, by="mod")
        await publish(jetstream, received(), accepted(), promoted)
        await next_view(client, Request, lambda request: request.lane is Lane.HIGH)

    await until_copied(jetstream, 2)
    assert (await jetstream.stream_info(JOBS.name)).state.messages == 2
    high = job_subject(Tier.SMALL, Lane.HIGH, sid_of())
    job = await jetstream.get_last_msg(JOBS.name, high)
    assert SubmissionAccepted.model_validate_json(job.data or b"").lane is Lane.HIGH
