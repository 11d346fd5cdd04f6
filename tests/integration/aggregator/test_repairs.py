import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from nats.aio.client import Client
from nats.errors import TimeoutError
from nats.js import JetStreamContext

from contracts.base import Event
from contracts.evaluation import EvaluationFailed, FailureCause
from contracts.models import Lane, Tier
from contracts.submission import SubmissionCancelled, SubmissionRerunRequested
from contracts.topology import (
    DEAD_LETTERS,
    EVALUATORS,
    EVENTS,
    JOBS,
    REPAIRS,
    VALIDATOR,
    Consumer,
)
from contracts.views import Request, RequestState
from runtime.bus import Recorded, bury, decode_event, make_broker, subscribe
from runtime.topology import ensure_topology
from tests.bus import all_events, has_handled_all, next_event, next_view, until_copied
from tests.integration.aggregator.aggregating import aggregating, publish, until_equal
from tests.unit.aggregator.story import accepted, failed, finished, received, sid_of

EVALUATOR = replace(EVALUATORS[Tier.SMALL, Lane.NORMAL], ack_wait_s=0.2, max_deliver=2)
HASTY_VALIDATOR = replace(VALIDATOR, ack_wait_s=0.2, max_deliver=2)


@asynccontextmanager
async def worker_that_never_answers(
    js: JetStreamContext, consumer: Consumer
) -> AsyncIterator[None]:
    """It takes every message it is given and says no more, as one that is killed each time."""
    await ensure_topology(js, streams=(), consumers=(consumer,))
    subscription = await js.pull_subscribe_bind(consumer.name, consumer.stream.name)

    dismissed = asyncio.Event()

    async def take() -> None:
        while not dismissed.is_set():
            with suppress(TimeoutError):
                await subscription.fetch(1, timeout=0.5)

    taking = asyncio.create_task(take())
    try:
        yield
    finally:
        dismissed.set()
        await taking
        await subscription.unsubscribe()


async def jobs_left(js: JetStreamContext) -> int:
    return (await js.stream_info(JOBS.name)).state.messages


async def repairs_done(js: JetStreamContext) -> bool:
    return await has_handled_all(js, REPAIRS)


async def failures(client: Client) -> list[Event]:
    return [event for event in await all_events(client) if isinstance(event, EvaluationFailed)]


async def test_a_job_whose_attempts_are_spent_fails_visibly_and_leaves_the_queue(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url), worker_that_never_answers(jetstream, EVALUATOR):
        await publish(jetstream, received(), accepted())

        lost = (await next_event(client, EvaluationFailed)).event
        view = await next_view(client, Request, lambda view: view.failure is not None)
        await until_equal(lambda: jobs_left(jetstream), 0)

    letter = await jetstream.get_last_msg(DEAD_LETTERS.name, f"podium.v1.dead.{EVALUATOR.name}.*")
    assert decode_event("the letter", letter.headers, letter.data or b"")[0] == accepted()
    assert (lost.run, lost.attempt) == (1, 2)
    assert lost.cause is FailureCause.INFRASTRUCTURE
    assert lost.reason.code == "attempts-exhausted"
    assert "Attempts made: 2" in lost.reason.message
    assert view.state is RequestState.FAILED


async def test_what_was_lost_while_no_aggregator_ran_is_repaired_when_one_starts(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with worker_that_never_answers(jetstream, EVALUATOR):
        await publish(jetstream, received(), accepted())
        await until_equal(lambda: repairs_done(jetstream), False)

    async with aggregating(nats_url):
        await next_event(client, EvaluationFailed)
        await until_equal(lambda: jobs_left(jetstream), 0)


async def test_a_run_that_has_ended_gets_no_second_end(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    """Its last evaluator died between the last score and the acknowledgement."""
    await publish(jetstream, received(), accepted(), finished())
    await until_copied(jetstream, 1)
    async with aggregating(nats_url), worker_that_never_answers(jetstream, EVALUATOR):
        await until_equal(lambda: jobs_left(jetstream), 0)
        await until_equal(lambda: repairs_done(jetstream), True)

    assert await failures(client) == []


async def test_a_repeated_advisory_changes_nothing(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url), worker_that_never_answers(jetstream, EVALUATOR):
        await publish(jetstream, received(), accepted())
        await next_event(client, EvaluationFailed)
        advisory = await jetstream.get_msg(DEAD_LETTERS.name, 1)
        await jetstream.publish(advisory.subject or "", advisory.data or b"")
        await until_equal(lambda: repairs_done(jetstream), True)

    assert len(await failures(client)) == 1


async def test_a_submission_whose_validator_always_dies_fails_visibly(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url), worker_that_never_answers(jetstream, HASTY_VALIDATOR):
        await publish(jetstream, received())

        lost = (await next_event(client, EvaluationFailed)).event

    assert (lost.sid, lost.run, lost.attempt) == (sid_of(), 1, 0)
    assert lost.cause is FailureCause.INFRASTRUCTURE
    assert lost.reason.code == "validation-did-not-complete"
    assert "begun 2 times" in lost.reason.message


async def test_a_validators_last_fault_is_told(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    once = replace(VALIDATOR, max_deliver=1)

    async def handle(recorded: Recorded[Event]) -> None:
        raise ConnectionError("the Hub does not answer")

    stop = asyncio.Event()
    broker = make_broker(nats_url, name="validator", stop=stop)
    subscribe(broker, once, handle)
    async with aggregating(nats_url), broker:
        await broker.start()
        await publish(jetstream, received())
        lost = (await next_event(client, EvaluationFailed)).event
        # The fault's text and the termination arrive as two dead letters.
        await until_equal(lambda: repairs_done(jetstream), True)
        stop.set()

    assert "the Hub does not answer" in lost.reason.message
    assert len(await failures(client)) == 1


async def test_a_verdict_that_was_published_before_the_validator_died_stands(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, accepted(), received())
    async with worker_that_never_answers(jetstream, HASTY_VALIDATOR):
        await until_equal(lambda: repairs_done(jetstream), False)

    async with aggregating(nats_url):
        await until_equal(lambda: repairs_done(jetstream), True)

    assert await failures(client) == []


async def test_a_job_that_an_evaluator_has_buried_fails_visibly(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    async with aggregating(nats_url):
        await publish(jetstream, received(), accepted())
        job = await jetstream.get_last_msg(EVENTS.name, accepted().subject())
        await bury(jetstream, EVALUATOR.name, job, "OSError: no space left on device")
        lost = (await next_event(client, EvaluationFailed)).event

    assert lost.reason.code == "job-not-handled"
    assert "no space left on device" in lost.reason.message


async def test_a_dead_letter_that_nobody_can_read_is_passed_over(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await jetstream.publish("podium.v1.dead.validator", b"?", stream=DEAD_LETTERS.name)
    async with aggregating(nats_url), worker_that_never_answers(jetstream, EVALUATOR):
        await publish(jetstream, received(), accepted())

        assert (await next_event(client, EvaluationFailed)).event.sid == sid_of()


async def test_a_lost_job_whose_trace_nobody_can_read_fails_visibly_as_any_other(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received(), accepted())
    job = await jetstream.get_last_msg(EVENTS.name, accepted().subject())
    job.headers = {**(job.headers or {}), "traceparent": "nonsense"}
    await bury(jetstream, EVALUATOR.name, job, "OSError: no space left on device")

    async with aggregating(nats_url):
        assert (await next_event(client, EvaluationFailed)).event.sid == sid_of()


async def test_a_rerun_that_was_judged_before_the_validator_died_is_not_given_up(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    rerun = SubmissionRerunRequested(sid=sid_of(), run=2)
    await publish(jetstream, received(), accepted(), failed(), rerun, accepted(run=2))
    asked = await jetstream.get_last_msg(EVENTS.name, rerun.subject())
    await bury(jetstream, VALIDATOR.name, asked, "the acknowledgement was lost")

    async with aggregating(nats_url):
        await until_equal(lambda: repairs_done(jetstream), True)

    assert await failures(client) == [failed()]


async def test_a_rerun_that_nobody_could_judge_fails_visibly_as_the_run_it_asked_for(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    rerun = SubmissionRerunRequested(sid=sid_of(), run=2)
    await publish(jetstream, received(), accepted(), failed(), rerun)
    asked = await jetstream.get_last_msg(EVENTS.name, rerun.subject())
    await bury(jetstream, VALIDATOR.name, asked, "TypeError: something new")

    async with aggregating(nats_url):
        lost = await next_event(client, EvaluationFailed, lambda event: event.run == 2)

    assert lost.event.reason.code == "validation-did-not-complete"
    assert "something new" in lost.event.reason.message


async def test_a_cancelled_run_is_not_given_up_as_well(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish(jetstream, received(), accepted(), SubmissionCancelled(sid=sid_of()))
    job = await jetstream.get_last_msg(EVENTS.name, accepted().subject())
    await bury(jetstream, EVALUATOR.name, job, "OSError: no space left on device")

    async with aggregating(nats_url):
        await until_equal(lambda: repairs_done(jetstream), True)
        view = await next_view(client, Request, lambda it: it.state is RequestState.CANCELLED)

    assert await failures(client) == []
    assert view.failure is None
