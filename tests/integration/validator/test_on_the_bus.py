import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.models import Lane, ModelRef, Precision, Tier
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.topology import EVENTS, JOBS, job_subject
from contracts.views import Policy, Ruling
from runtime.bus import publish_event
from services.validator.facts import Facts, Tell
from services.validator.hub import Hub
from tests.bus import all_events, next_event, until_copied
from tests.integration.validator.judging import BOARD, submission
from tests.integration.validator.on_the_bus import (
    submit,
    until_everything_is_handled,
    validating,
    verdicts,
)
from tests.integration.validator.tiny_model import PARAMETERS
from tests.waiting import HANGS_S, until

PublishModel = Callable[..., ModelRef]


async def test_an_accepted_model_is_a_job(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
) -> None:
    received = submission(publish_model("accepted"))
    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        cause = await submit(jetstream, received)
        recorded = await next_event(client, SubmissionAccepted)

    accepted = recorded.event
    assert (accepted.sid, accepted.model, accepted.run) == (received.sid, received.model, 1)
    assert (accepted.tier, accepted.lane) == (Tier.SMALL, Lane.NORMAL)
    assert (accepted.parameters, accepted.weight_bytes) == (PARAMETERS, 4 * PARAMETERS)
    assert (accepted.architecture, accepted.license) == ("LlamaForCausalLM", "mit")
    assert len(accepted.weights_digest) == 64
    assert recorded.envelope.source == "validator"
    assert recorded.envelope.traceparent.split("-")[1] == cause.traceparent.split("-")[1]
    await until_copied(jetstream, 1)
    job = await jetstream.get_last_msg(
        JOBS.name, job_subject(Tier.SMALL, Lane.NORMAL, accepted.sid)
    )
    assert job.data == accepted.model_dump_json().encode()


async def test_a_refused_model_is_told_every_reason_and_is_no_job(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
) -> None:
    model = publish_model("refused", files={"README.md": None, "model.safetensors": None})
    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        await submit(jetstream, submission(model))
        rejected = (await next_event(client, SubmissionRejected)).event

    assert [reason.code for reason in rejected.reasons] == ["card-missing", "safetensors-missing"]
    assert (await jetstream.stream_info(JOBS.name)).state.messages == 0


async def test_a_model_that_moderators_bar_is_refused(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
) -> None:
    model = publish_model("barred")
    ruling = Ruling(name=model.repo_id, reason="Its authors asked for it.", at=datetime.now(UTC))
    policy = Policy(barred=(ruling,))
    await jetstream.publish(policy.subject(), policy.model_dump_json().encode())
    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        await submit(jetstream, submission(model))
        rejected = (await next_event(client, SubmissionRejected)).event

    assert [reason.code for reason in rejected.reasons] == ["model-barred"]
    assert "Its authors asked for it." in rejected.reasons[0].message


async def test_a_board_that_is_gone_is_a_reason(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
) -> None:
    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        await submit(jetstream, submission(publish_model("boardless"), board="retired"))
        rejected = (await next_event(client, SubmissionRejected)).event

    assert [reason.code for reason in rejected.reasons] == ["board-unknown"]


async def test_a_submission_that_is_delivered_again_keeps_its_verdict(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    hub_root: Path,
    publish_model: PublishModel,
) -> None:
    """Its validator died after the verdict and before the acknowledgement."""
    received = submission(publish_model("repeated"))
    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        cause = await submit(jetstream, received)
        await next_event(client, SubmissionAccepted)
        (hub_root / "models/ada/repeated/_hub.json").write_text('{"private": true}')
        await jetstream.publish(
            received.subject(),
            received.model_dump_json().encode(),
            stream=EVENTS.name,
            headers=cause.headers(),
        )
        await until_everything_is_handled(jetstream)

    assert [type(event) for event in verdicts(await all_events(client))] == [SubmissionAccepted]


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    folder = tmp_path / "boards"
    folder.mkdir()
    definition = yaml.safe_dump(BOARD.model_dump(mode="json"))
    (folder / f"{BOARD.name}.yaml").write_text(definition)
    return folder


async def test_the_process_gives_verdicts_and_ends_when_it_is_told_to(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
    boards: Path,
) -> None:
    await submit(jetstream, submission(publish_model("by-process")))
    process = subprocess.Popen(
        [sys.executable, "-m", "services.validator"],
        env=os.environ
        | {"NATS_URL": nats_url, "HF_ENDPOINT": hub_url, "PODIUM_BOARDS": str(boards)},
    )
    try:
        await next_event(client, SubmissionAccepted)
        process.send_signal(signal.SIGTERM)

        await until(lambda: process.poll() is not None)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


async def test_a_rerun_is_judged_anew_and_becomes_the_job_of_its_run(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
) -> None:
    received = submission(publish_model("again"))
    rerun = SubmissionRerunRequested(sid=received.sid, run=2)
    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        await submit(jetstream, received)
        await next_event(client, SubmissionAccepted)
        envelope = Envelope.of(rerun, "test")
        await publish_event(jetstream, rerun, envelope)
        second = (await next_event(client, SubmissionAccepted, lambda job: job.run == 2)).event
        await until_everything_is_handled(jetstream)

    assert second.model == received.model
    await until_copied(jetstream, 2)
    jobs = await jetstream.stream_info(JOBS.name)
    assert jobs.state.messages == 2


async def test_a_rerun_of_what_was_refused_may_be_refused_again(
    nats_url: str, client: Client, jetstream: JetStreamContext, hub_url: str
) -> None:
    received = submission(
        ModelRef(repo_id="acme/gone", commit="a" * 40, precision=Precision.BFLOAT16)
    )
    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        await submit(jetstream, received)
        await next_event(client, SubmissionRejected)
        rerun = SubmissionRerunRequested(sid=received.sid, run=2)
        await publish_event(jetstream, rerun, Envelope.of(rerun, "test"))
        await until_everything_is_handled(jetstream)

    refused = [e for e in await all_events(client) if isinstance(e, SubmissionRejected)]
    assert len(refused) == 2


async def test_what_was_cancelled_meanwhile_is_not_judged(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
) -> None:
    received = submission(publish_model("cancelled-early"))
    await submit(jetstream, received)
    cancelled = SubmissionCancelled(sid=received.sid)
    await publish_event(jetstream, cancelled, Envelope.of(cancelled, "test"))

    async with validating(nats_url, Hub(hub_url, HANGS_S).facts):
        await until_everything_is_handled(jetstream)

    assert await all_events(client) == [received, cancelled]


async def test_what_is_cancelled_while_its_facts_are_gathered_gets_no_verdict(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
) -> None:
    received = submission(publish_model("cancelled-late"))
    cancelled = SubmissionCancelled(sid=received.sid)

    async def facts(model: ModelRef, tell: Tell) -> Facts:
        gathered = await Hub(hub_url, HANGS_S).facts(model, tell)
        await publish_event(jetstream, cancelled, Envelope.of(cancelled, "test"))
        return gathered

    async with validating(nats_url, facts):
        await submit(jetstream, received)
        await next_event(client, SubmissionCancelled)
        await until_everything_is_handled(jetstream)

    assert await all_events(client) == [received, cancelled]
