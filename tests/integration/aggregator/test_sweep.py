"""Requests whose job or verdict is gone without a trace get an end within a bound."""

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.base import Event
from contracts.evaluation import EvaluationFailed, FailureCause
from contracts.models import Lane, Tier
from contracts.submission import (
    SubmissionCancelled,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.topology import EVENTS, JOBS, VALIDATOR, jobs_of
from contracts.views import Request, RequestState
from services.aggregator.sweep import Patience
from tests.bus import all_events, next_event, next_view, until_copied
from tests.integration.aggregator.aggregating import aggregating, publish, until_equal
from tests.unit.aggregator.story import (
    accepted,
    failed,
    finished,
    received,
    sid_of,
    started,
)
from tests.waiting import HANGS_S

HURRIED = Patience(lost_after_s=0.1, look_every_s=0.1)
RERUN = SubmissionRerunRequested(sid=sid_of(), run=2)


async def purge_jobs(js: JetStreamContext, jobs: int) -> None:
    await until_copied(js, jobs)
    await js.purge_stream(JOBS.name)


async def lose(js: JetStreamContext, repo_id: str) -> None:
    """Its job stands in the queue since before anybody looked: one that is accepted while hurried
    aggregators look may be missed in the moment before the server copies it."""
    await js.purge_stream(JOBS.name, subject=jobs_of(sid_of(repo_id)))


async def handle_all_without_a_verdict(js: JetStreamContext, count: int) -> None:
    subscription = await js.pull_subscribe_bind(VALIDATOR.name, EVENTS.name)
    for _ in range(count):
        (message,) = await subscription.fetch(1, timeout=HANGS_S)
        await message.ack_sync()
    await subscription.unsubscribe()


async def failures(client: Client) -> list[EvaluationFailed]:
    return [event for event in await all_events(client) if isinstance(event, EvaluationFailed)]


@pytest.mark.parametrize("begun", [(), (started(),)], ids=["waiting", "running"])
async def test_a_job_that_is_gone_fails_once_although_two_aggregators_look(
    nats_url: str, client: Client, jetstream: JetStreamContext, begun: tuple[Event, ...]
) -> None:
    await publish(jetstream, received(), accepted(), *begun)
    await publish(jetstream, received("acme/other"), accepted("acme/other"))
    await until_copied(jetstream, 2)
    await lose(jetstream, "acme/tiny")

    async with aggregating(nats_url, HURRIED), aggregating(nats_url, HURRIED):
        view = await next_view(client, Request, lambda it: it.state is RequestState.FAILED)
        # Either has looked again by the time that another lost job is found.
        await lose(jetstream, "acme/other")
        await next_event(client, EvaluationFailed, lambda it: it.sid == sid_of("acme/other"))

    assert view.failure
    assert view.failure.cause is FailureCause.INFRASTRUCTURE
    assert view.failure.reason.code == "job-lost"
    assert "re-run" in view.failure.reason.advice
    assert len(await failures(client)) == 2


async def test_what_stands_in_a_queue_or_has_ended_is_left_alone(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received("acme/done"), accepted("acme/done"), finished("acme/done"))
    await publish(jetstream, received("acme/lost"), accepted("acme/lost"))
    await purge_jobs(jetstream, 2)
    for repo_id in ("acme/queued", "acme/next"):
        await publish(jetstream, received(repo_id), accepted(repo_id))
    promoted = accepted("acme/high").model_copy(update={"lane": Lane.HIGH, "tier": Tier.LARGE})
    await publish(jetstream, received("acme/high"), promoted, received("acme/unjudged"))
    await until_equal(lambda: _queued(jetstream), 3)

    async with aggregating(nats_url, HURRIED):
        await next_event(client, EvaluationFailed)
        # One of each pass: by the second, everything was looked at.
        await lose(jetstream, "acme/next")
        await next_event(client, EvaluationFailed, lambda it: it.sid == sid_of("acme/next"))

    assert {event.sid for event in await failures(client)} == {
        sid_of("acme/lost"),
        sid_of("acme/next"),
    }


async def test_a_job_is_taken_off_once_its_run_was_cancelled_or_is_done(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received("acme/cancelled"), accepted("acme/cancelled"))
    # Moved to the other lane and done there, in a second run.
    await publish(jetstream, received("acme/done"), accepted("acme/done", run=2))
    await publish(jetstream, accepted("acme/done", run=2, lane=Lane.HIGH))
    await publish(jetstream, finished("acme/done", run=2))
    again = SubmissionRerunRequested(sid=sid_of("acme/again"), run=2)
    await publish(jetstream, received("acme/again"), accepted("acme/again"))
    await publish(jetstream, SubmissionCancelled(sid=sid_of("acme/again")), again)
    await publish(jetstream, accepted("acme/again", run=2))
    await publish(jetstream, received("acme/failed"), accepted("acme/failed"))
    await publish(jetstream, failed("acme/failed", cause=FailureCause.INFRASTRUCTURE))
    for repo_id in ("acme/waits", "acme/next"):
        await publish(jetstream, received(repo_id), accepted(repo_id))
    await until_equal(lambda: _queued(jetstream), 8)

    async with aggregating(nats_url, HURRIED):
        await publish(jetstream, SubmissionCancelled(sid=sid_of("acme/cancelled")))
        await until_equal(lambda: _queued(jetstream), 5)
        # By the end that this one gets, everything was looked at once more.
        await lose(jetstream, "acme/next")
        await next_event(client, EvaluationFailed, lambda it: it.sid == sid_of("acme/next"))

    left = (await jetstream.stream_info(JOBS.name, subjects_filter=jobs_of())).state.subjects
    assert {subject.rpartition(".")[2]: jobs for subject, jobs in (left or {}).items()} == {
        sid_of("acme/again"): 2,
        sid_of("acme/failed"): 1,
        sid_of("acme/waits"): 1,
    }


async def _queued(js: JetStreamContext) -> int:
    return (await js.stream_info(JOBS.name)).state.messages


async def test_a_queue_that_is_not_there_hides_nothing_that_is_lost_in_the_other(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received(), received("acme/judged"), accepted("acme/judged"))
    await until_equal(lambda: _queued(jetstream), 1)
    await handle_all_without_a_verdict(jetstream, 2)
    await jetstream.delete_stream(JOBS.name)

    async with aggregating(nats_url, HURRIED):
        await next_event(client, EvaluationFailed)
        await publish(jetstream, received("acme/next"))
        await handle_all_without_a_verdict(jetstream, 1)
        await next_event(client, EvaluationFailed, lambda it: it.sid == sid_of("acme/next"))

    assert sid_of("acme/judged") not in {event.sid for event in await failures(client)}


async def test_what_waits_is_looked_for_after_a_start_from_a_snapshot(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received(), accepted())
    async with aggregating(nats_url):
        await next_view(client, Request, lambda it: it.state is RequestState.WAITING)
    await purge_jobs(jetstream, 1)

    async with aggregating(nats_url, HURRIED):
        lost = await next_event(client, EvaluationFailed)

    assert lost.event.reason.code == "job-lost"


async def test_the_job_of_an_earlier_run_does_not_hide_that_the_last_one_is_gone(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received(), accepted(), failed(), RERUN, accepted(run=2))
    await until_equal(lambda: _queued(jetstream), 2)
    second = await jetstream.get_last_msg(JOBS.name, jobs_of(sid_of()))
    assert second.seq
    await jetstream.delete_msg(JOBS.name, second.seq)

    async with aggregating(nats_url, HURRIED):
        lost = await next_event(client, EvaluationFailed, lambda event: event.run == 2)

    assert lost.event.reason.code == "job-lost"


@pytest.mark.parametrize(
    ("events", "run"),
    [((received(),), 1), ((received(), accepted(), failed(), RERUN), 2)],
    ids=["submission", "re-run"],
)
async def test_what_a_validator_has_put_aside_without_a_verdict_fails(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    events: tuple[Event, ...],
    run: int,
) -> None:
    await publish(jetstream, *events)
    await handle_all_without_a_verdict(jetstream, run)

    async with aggregating(nats_url, HURRIED):
        lost = await next_event(
            client, EvaluationFailed, lambda event: event.run == run and not event.log_tail
        )

    assert lost.event.reason.code == "validation-did-not-complete"
    assert lost.event.cause is FailureCause.INFRASTRUCTURE


async def test_a_verdict_in_words_of_a_newer_version_is_a_verdict(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received(), received("acme/other"))
    verdict = SubmissionRejected.subject_filter(sid=sid_of())
    await jetstream.publish(verdict, b'{"reasons": "in another shape"}', stream=EVENTS.name)
    await handle_all_without_a_verdict(jetstream, 2)

    async with aggregating(nats_url, HURRIED):
        await next_event(client, EvaluationFailed)
        # Submissions are looked at in their order: by the next pass the first was seen twice.
        await publish(jetstream, received("acme/third"))
        await handle_all_without_a_verdict(jetstream, 1)
        await next_event(client, EvaluationFailed, lambda it: it.sid == sid_of("acme/third"))

    assert {event.sid for event in await failures(client)} == {
        sid_of("acme/other"),
        sid_of("acme/third"),
    }
