"""One evaluator is given every bad model there is, one after the other, and then a good one."""

import asyncio

from nats.aio.client import Client

from contracts.envelope import Envelope
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationTaskScored,
    FailureCause,
)
from contracts.submission import SubmissionAccepted
from runtime.bus import connect, publish_event
from tests.bus import all_events, next_event
from tests.integration.evaluator.bad_models import BAD_AT_WORK, BAD_FILES, BadModel
from tests.integration.evaluator.world import Service, World, accepted


def job_for(world: World, bad: BadModel) -> SubmissionAccepted:
    bad.make(world.models / "acme" / "good", world.models / "bad" / bad.name)
    model = world.model(f"bad/{bad.name}", bad.precision)
    return accepted(model.model_copy(update={"chat_template": bad.chat_template}), "single")


async def submit(client: Client, job: SubmissionAccepted) -> None:
    await publish_event(client.jetstream(), job, Envelope.of(job, "test"))


async def test_every_bad_model_fails_by_its_own_fault_and_the_next_job_is_served(
    world: World, service: Service
) -> None:
    client = await connect(service.nats_url, name="test")
    bad_models = [*BAD_FILES, *BAD_AT_WORK]
    jobs = [await asyncio.to_thread(job_for, world, bad) for bad in bad_models]
    good = accepted(world.model("acme/good"), "single", run=1)

    for job in [*jobs, good]:
        await submit(client, job)
    await next_event(
        client,
        EvaluationFinished,
        lambda it: (it.sid, it.run) == (good.sid, good.run),
        timeout_s=180,
    )

    events = await all_events(client)
    await client.close()
    failures = {event.sid: event for event in events if isinstance(event, EvaluationFailed)}
    for bad, job in zip(bad_models, jobs, strict=True):
        failed = failures[job.sid]
        assert (bad.name, failed.cause, failed.reason.code) == (
            bad.name,
            FailureCause.MODEL,
            bad.code,
        )
        assert bad.says in failed.reason.message
        assert str(world.folder) not in failed.reason.message
    scored = [event for event in events if isinstance(event, EvaluationTaskScored)]
    assert not {event.sid for event in scored} & {job.sid for job in jobs}
    assert good.sid in {event.sid for event in scored}
