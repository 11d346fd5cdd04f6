import asyncio
import time

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.evaluation import EvaluationTaskScored, HarnessResult
from contracts.models import ModelRef, ModelType, Precision, Tier
from contracts.submission import SubmissionAccepted, SubmissionReceived, submission_id
from contracts.topology import (
    CONSUMERS,
    DEAD_LETTERS,
    EVENTS,
    JOBS,
    STREAMS,
    VALIDATOR,
    Consumer,
)
from runtime.bus import (
    AlreadyPublishedError,
    NotYetError,
    Recorded,
    make_broker,
    publish_event,
    publish_event_until_stored,
    read_event,
    subscribe,
)
from runtime.follow import follow
from runtime.topology import ensure_topology, with_ack_wait
from tests.bus import until_no_job_is_left
from tests.waiting import HANGS_S

AWAY = ConnectionError("the Hub does not answer")
MODEL = ModelRef(repo_id="acme/tiny.1", commit="0" * 40, precision=Precision.BFLOAT16)
SID = submission_id(MODEL, "demo")
RECEIVED = SubmissionReceived(sid=SID, board="demo", model=MODEL, model_type=ModelType.PRETRAINED)
ACCEPTED = SubmissionAccepted(
    sid=SID,
    board="demo",
    model=MODEL,
    tier=Tier.SMALL,
    parameters=1,
    weight_bytes=2,
    architecture="LlamaForCausalLM",
    license="mit",
)
SCORED = EvaluationTaskScored(
    sid=SID,
    run=1,
    attempt=1,
    board="demo",
    task="facts",
    results=(
        HarnessResult(
            task="t", version="1", shots=0, samples=1, metrics={"acc,none": 1.0}, stderrs={}
        ),
    ),
    seconds=1,
    engine="hf",
    versions={},
)


async def handled_by(
    nats_url: str,
    consumer: Consumer,
    failures: int,
    expected: int,
    client: Client,
    fault: Exception = AWAY,
) -> list[Recorded[SubmissionReceived]]:
    """What a handler that raises `failures` times sees until it was called `expected` times."""
    seen: list[Recorded[SubmissionReceived]] = []
    enough = asyncio.Event()

    async def handle(recorded: Recorded[SubmissionReceived]) -> None:
        seen.append(recorded)
        if len(seen) == expected:
            enough.set()
        if len(seen) <= failures:
            raise fault

    stop = asyncio.Event()
    broker = make_broker(nats_url, name="test", stop=stop)
    subscribe(broker, consumer, handle)
    async with broker:
        await broker.start()
        async with asyncio.timeout(HANGS_S):
            await enough.wait()
        stop.set()
    return seen


async def dead_letters(client: Client, subject: str) -> list[tuple[str, bytes]]:
    """Reason and body of each, waiting for the first."""
    async with asyncio.timeout(HANGS_S):
        async for batch in follow(client, DEAD_LETTERS.name):
            if found := [
                ((message.headers or {})["podium-reason"], message.data)
                for message in batch.messages
                if message.subject == subject
            ]:
                return found
    raise AssertionError("follow never ends")


async def test_the_topology_can_be_applied_again_and_updates_consumers(
    jetstream: JetStreamContext,
) -> None:
    await ensure_topology(jetstream, consumers=with_ack_wait(CONSUMERS, 7))

    info = await jetstream.consumer_info(JOBS.name, "evaluator_small_normal")
    assert info.config.ack_wait == 7
    for stream in STREAMS:
        assert (await jetstream.stream_info(stream.name)).config.description == stream.description


async def test_the_server_itself_turns_an_accepted_submission_into_a_job(
    client: Client, jetstream: JetStreamContext
) -> None:
    envelope = Envelope.of(ACCEPTED, "validator")

    await publish_event(jetstream, ACCEPTED, envelope)

    jobs = await jetstream.pull_subscribe_bind("evaluator_small_normal", JOBS.name)
    [job] = await jobs.fetch(1, timeout=HANGS_S)
    assert job.subject == f"podium.v1.job.small.normal.{SID}"
    assert (read_event(job).event, read_event(job).envelope) == (ACCEPTED, envelope)
    await job.ack_sync()
    await until_no_job_is_left(jetstream)


async def test_an_event_published_twice_is_stored_once(jetstream: JetStreamContext) -> None:
    envelope = Envelope.of(ACCEPTED, "validator")

    first = await publish_event(jetstream, ACCEPTED, envelope)
    again = await publish_event(jetstream, ACCEPTED, envelope)

    assert again.duplicate
    assert again.seq == first.seq
    assert (await jetstream.stream_info(EVENTS.name)).state.messages == 1


async def test_a_subject_for_one_event_refuses_another_but_not_a_repeat(
    jetstream: JetStreamContext,
) -> None:
    envelope = Envelope.of(SCORED, "evaluator")

    first = await publish_event(jetstream, SCORED, envelope, only_once=True)
    repeat = await publish_event(jetstream, SCORED, envelope, only_once=True)
    with pytest.raises(AlreadyPublishedError):
        await publish_event_until_stored(
            jetstream, SCORED, Envelope.of(SCORED, "evaluator"), only_once=True
        )

    assert repeat.seq == first.seq
    assert (await jetstream.stream_info(EVENTS.name)).state.messages == 1


async def test_a_handler_that_raises_gets_the_event_again(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish_event(jetstream, RECEIVED, Envelope.of(RECEIVED, "gateway"))

    seen = await handled_by(nats_url, VALIDATOR, failures=1, expected=2, client=client)

    assert [recorded.delivered for recorded in seen] == [1, 2]


async def test_a_handler_that_knows_when_to_try_again_gets_the_event_then(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await publish_event(jetstream, RECEIVED, Envelope.of(RECEIVED, "gateway"))
    begun = time.monotonic()

    seen = await handled_by(
        nats_url, VALIDATOR, 8, 9, client, fault=NotYetError("The Hub is away", delay_s=0.05)
    )

    assert [recorded.delivered for recorded in seen] == list(range(1, 10))
    assert time.monotonic() - begun >= 8 * 0.05


async def test_an_event_that_spent_its_deliveries_is_a_dead_letter_with_the_reason(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    once = Consumer("once", EVENTS, VALIDATOR.subjects, max_deliver=1)
    await ensure_topology(jetstream, consumers=(once,))
    await publish_event(jetstream, RECEIVED, Envelope.of(RECEIVED, "gateway"))

    await handled_by(nats_url, once, failures=1, expected=1, client=client)

    [(reason, body)] = await dead_letters(client, "podium.v1.dead.once")
    assert reason == "ConnectionError: the Hub does not answer"
    assert SubmissionReceived.model_validate_json(body) == RECEIVED


async def test_a_message_that_is_no_event_is_a_dead_letter_and_blocks_nobody(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    await jetstream.publish(RECEIVED.subject(), b"{}", stream=EVENTS.name)
    await publish_event(jetstream, RECEIVED, Envelope.of(RECEIVED, "gateway"))

    seen = await handled_by(nats_url, VALIDATOR, failures=0, expected=1, client=client)

    assert [recorded.event for recorded in seen] == [RECEIVED]
    [(reason, body)] = await dead_letters(client, "podium.v1.dead.validator")
    assert "no CloudEvents headers" in reason
    assert body == b"{}"
