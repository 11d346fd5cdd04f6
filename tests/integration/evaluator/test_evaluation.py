"""What one evaluator makes of a job. All tests share it; each has a job of its own."""

import io
import json
import os
import signal
from collections.abc import AsyncIterator

import pyarrow.parquet as pq
import pytest
from nats.aio.client import Client

from contracts.base import Event
from contracts.envelope import Envelope
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationProgress,
    EvaluationStarted,
    EvaluationTaskScored,
    FailureCause,
    HarnessResult,
)
from contracts.models import Lane, Precision, Tier, WeightType
from contracts.submission import SubmissionAccepted, SubmissionCancelled
from contracts.topology import (
    DEAD_LETTERS,
    DETAILS_BUCKET,
    EVALUATORS,
    EVENTS,
    dead_letter_subject,
)
from runtime.bus import connect, publish_event
from tests.bus import all_events, next_event, until_no_job_is_left
from tests.integration.evaluator.world import (
    Service,
    World,
    accepted,
    models_children,
    wait_until_gone,
)
from tests.waiting import until

_EVALUATION = (EvaluationStarted, EvaluationTaskScored, EvaluationFinished, EvaluationFailed)


@pytest.fixture
async def bus(service: Service) -> AsyncIterator[Client]:
    client = await connect(service.nats_url, name="test")
    yield client
    await client.close()


async def submit(client: Client, job: SubmissionAccepted) -> Envelope:
    envelope = Envelope.of(job, "test")
    await publish_event(client.jetstream(), job, envelope)
    return envelope


async def failure_of(client: Client, job: SubmissionAccepted) -> EvaluationFailed:
    recorded = await next_event(
        client, EvaluationFailed, lambda it: (it.sid, it.run) == (job.sid, job.run), timeout_s=60
    )
    return recorded.event


async def finish_of(client: Client, job: SubmissionAccepted) -> EvaluationFinished:
    recorded = await next_event(
        client, EvaluationFinished, lambda it: (it.sid, it.run) == (job.sid, job.run), timeout_s=60
    )
    return recorded.event


async def scoring_of(client: Client, job: SubmissionAccepted) -> EvaluationProgress:
    """The first progress of the job that names a task."""
    subject = EvaluationProgress.subject_filter(sid=job.sid, run=job.run)
    progress = await client.subscribe(subject)
    while True:
        message = await progress.next_msg(timeout=60)
        step = EvaluationProgress.model_validate_json(message.data)
        if step.phase == "scoring":
            return step


async def events_of(client: Client, job: SubmissionAccepted) -> list[Event]:
    """What the evaluator has published about this run, in order."""
    return [
        event
        for event in await all_events(client)
        if isinstance(event, _EVALUATION) and (event.sid, event.run) == (job.sid, job.run)
    ]


async def test_a_job_becomes_scores_in_the_order_of_the_board(world: World, bus: Client) -> None:
    job = accepted(world.model("acme/good"), "tiny")
    progress = await bus.subscribe(EvaluationProgress.subject_filter(sid=job.sid))

    await submit(bus, job)
    await finish_of(bus, job)

    started, *scored, finished = await events_of(bus, job)
    assert isinstance(started, EvaluationStarted)
    assert (started.evaluator, started.device) == ("evaluator", "cpu")
    assert started.tasks == ("colours", "tones", "naming", "reading")
    tasks = [event for event in scored if isinstance(event, EvaluationTaskScored)]
    assert [event.task for event in tasks] == list(started.tasks)
    assert [result.task for result in tasks[1].results] == ["shades", "hues"]
    assert tasks[0].versions["lm_eval"] == "0.4.13"
    colours = tasks[0].results[0]
    assert (colours.version, colours.shots, colours.samples) == ("1.0", 2, 12)
    assert set(colours.metrics) == set(colours.stderrs) == {"acc,none", "acc_norm,none"}
    assert isinstance(finished, EvaluationFinished)
    assert finished.seconds > sum(event.seconds for event in tasks)
    steps = []
    while progress.pending_msgs:
        message = await progress.next_msg()
        steps.append(EvaluationProgress.model_validate_json(message.data))
    phases = list(dict.fromkeys(step.phase for step in steps))
    assert phases == ["downloading", "loading", "scoring"]
    first, second, *_ = [step for step in steps if step.phase == "scoring"]
    assert (first.task, first.done, first.total) == ("colours", 0, 0)
    assert (second.task, second.done, second.total) == ("colours", 0, 48)
    await until_no_job_is_left(bus.jetstream())


async def test_every_sample_is_in_the_object_store(world: World, bus: Client) -> None:
    job = accepted(world.model("acme/good"), "tiny", run=2)

    await submit(bus, job)
    scored = await next_event(
        bus, EvaluationTaskScored, lambda it: (it.run, it.task) == (2, "tones"), timeout_s=60
    )

    details = scored.event.details
    assert details
    store = await bus.jetstream().object_store(DETAILS_BUCKET)
    stored = (await store.get(details.object_name)).data
    assert stored
    assert len(stored) == details.size_bytes
    rows = pq.read_table(io.BytesIO(stored)).to_pylist()
    assert len(rows) == details.rows == 24
    assert {row["task"] for row in rows} == {"shades", "hues"}
    shades = [row["metric_acc"] for row in rows if row["task"] == "shades"]
    assert sum(shades) / len(shades) == scored.event.results[0].metrics["acc,none"]
    assert json.loads(rows[0]["doc"])["choices"] == ["red", "green", "blue", "yellow"]
    assert len(json.loads(rows[0]["responses"])) == 4
    await finish_of(bus, job)


async def test_a_task_that_is_scored_already_is_not_run_again(world: World, bus: Client) -> None:
    job = accepted(world.model("acme/good"), "tiny", run=3)
    result = HarnessResult(task="colours", version="", shots=0, samples=1, metrics={}, stderrs={})
    before = EvaluationTaskScored(
        sid=job.sid,
        run=3,
        attempt=1,
        board="tiny",
        task="colours",
        results=(result,),
        seconds=1,
        engine="hf",
        versions={},
    )
    await publish_event(bus.jetstream(), before, Envelope.of(before, "test"))

    await submit(bus, job)
    await finish_of(bus, job)

    events = await events_of(bus, job)
    scored = [event for event in events if isinstance(event, EvaluationTaskScored)]
    assert [event.task for event in scored] == ["colours", "tones", "naming", "reading"]
    assert scored[0] == before


async def test_a_run_that_is_over_is_left_alone(world: World, bus: Client) -> None:
    job = accepted(world.model("acme/good"), "tiny", run=4)
    over = EvaluationFinished(sid=job.sid, run=4, attempt=1, seconds=1)
    await publish_event(bus.jetstream(), over, Envelope.of(over, "test"))
    next_job = accepted(world.model("acme/good"), "long")

    await submit(bus, job)
    await submit(bus, next_job)
    await finish_of(bus, next_job)

    assert await events_of(bus, job) == [over]


async def test_a_model_that_has_left_the_hub_is_at_fault(world: World, bus: Client) -> None:
    gone = world.model("acme/good").model_copy(update={"repo_id": "acme/gone"})
    job = accepted(gone, "tiny")

    await submit(bus, job)

    failed = await failure_of(bus, job)
    assert (failed.cause, failed.reason.code) == (FailureCause.MODEL, "model-not-available")


async def test_a_precision_that_needs_a_missing_package_is_no_fault_of_the_model(
    world: World, bus: Client
) -> None:
    job = accepted(world.model("acme/packed", Precision.GPTQ), "single")

    await submit(bus, job)

    failed = await failure_of(bus, job)
    assert failed.cause is FailureCause.INFRASTRUCTURE
    assert failed.reason.code == "evaluator-lacks-package"
    assert "optimum and gptqmodel, to run GPTQ weights" in failed.reason.message
    assert "operators" in failed.reason.advice


async def test_weights_are_quantized_as_the_submission_says(world: World, bus: Client) -> None:
    job = accepted(world.model("acme/good", Precision.INT8), "single")

    await submit(bus, job)
    await finish_of(bus, job)

    _, scored, _ = await events_of(bus, job)
    assert isinstance(scored, EvaluationTaskScored)
    assert scored.results[0].samples == 12


@pytest.mark.parametrize(
    ("repo", "weight_type", "run"),
    [("no-change", WeightType.DELTA, 5), ("unmoved", WeightType.ADAPTER, 6)],
)
async def test_a_change_is_applied_to_its_base(
    world: World, bus: Client, repo: str, weight_type: WeightType, run: int
) -> None:
    base = world.model("acme/good")
    change = {"weight_type": weight_type, "base_model": "acme/good"}
    changed = world.model(f"acme/{repo}").model_copy(update=change)
    of_base, of_changed = accepted(base, "tiny", run=run), accepted(changed, "tiny")

    for job in (of_base, of_changed):
        await submit(bus, job)
        await finish_of(bus, job)

    scores = [
        [event for event in await events_of(bus, job) if isinstance(event, EvaluationTaskScored)]
        for job in (of_base, of_changed)
    ]
    assert [event.results for event in scores[0]] == [event.results for event in scores[1]]
    assert scores[1][0].versions["base_model"] == f"acme/good@{base.commit}"


async def test_a_data_set_that_is_not_in_the_cache_is_fetched(world: World, bus: Client) -> None:
    job = accepted(world.model("acme/good"), "hub")

    await submit(bus, job)
    await finish_of(bus, job)

    started, scored, _ = await events_of(bus, job)
    assert isinstance(started, EvaluationStarted)
    assert isinstance(scored, EvaluationTaskScored)
    assert scored.results[0].samples == 6


async def test_a_board_with_a_task_that_lm_eval_lacks_fails_with_the_traceback(
    world: World, bus: Client
) -> None:
    job = accepted(world.model("acme/good"), "misspelt")

    await submit(bus, job)

    failed = await failure_of(bus, job)
    assert failed.cause is FailureCause.INFRASTRUCTURE
    assert failed.reason.code == "evaluation-broke-off"
    assert "'colors' is not a registered task" in failed.log_tail


async def test_a_board_that_the_evaluator_lacks_is_no_fault_of_the_model(
    world: World, bus: Client
) -> None:
    job = accepted(world.model("acme/good"), "elsewhere")

    await submit(bus, job)

    failed = await failure_of(bus, job)
    assert (failed.cause, failed.reason.code) == (FailureCause.INFRASTRUCTURE, "board-unknown")


async def test_a_running_evaluation_is_cancelled_and_its_rerun_is_not(
    world: World, bus: Client
) -> None:
    job = accepted(world.model("acme/good"), "slow")
    await submit(bus, job)
    await next_event(bus, EvaluationStarted, lambda it: it.sid == job.sid)

    cancelled = SubmissionCancelled(sid=job.sid)
    await publish_event(bus.jetstream(), cancelled, Envelope.of(cancelled, "test"))

    failed = await failure_of(bus, job)
    assert (failed.cause, failed.reason.code) == (FailureCause.CANCELLED, "cancelled")
    rerun = accepted(world.model("acme/good"), "slow", run=2)
    await submit(bus, rerun)
    await next_event(bus, EvaluationStarted, lambda it: (it.sid, it.run) == (job.sid, 2))
    await publish_event(bus.jetstream(), cancelled, Envelope.of(cancelled, "test"))
    assert (await failure_of(bus, rerun)).cause is FailureCause.CANCELLED


async def test_a_cancelled_model_is_gone_long_before_it_is_done(
    world: World, bus: Client, service: Service
) -> None:
    job = accepted(world.model("acme/good"), "slow", run=4)
    await submit(bus, job)
    await scoring_of(bus, job)
    children = models_children(service.process)
    assert children

    cancelled = SubmissionCancelled(sid=job.sid)
    await publish_event(bus.jetstream(), cancelled, Envelope.of(cancelled, "test"))

    wait_until_gone(children, timeout_s=30)
    assert (await failure_of(bus, job)).cause is FailureCause.CANCELLED


async def test_nothing_more_is_computed_for_a_run_that_another_attempt_has_finished(
    world: World, bus: Client, service: Service
) -> None:
    job = accepted(world.model("acme/good"), "slow", run=5)
    await submit(bus, job)
    await scoring_of(bus, job)
    children = models_children(service.process)

    finished = EvaluationFinished(sid=job.sid, run=job.run, attempt=1, seconds=1)
    await publish_event(bus.jetstream(), finished, Envelope.of(finished, "test"))

    wait_until_gone(children, timeout_s=30)
    await until_no_job_is_left(bus.jetstream())


@pytest.mark.parametrize(
    ("board", "code", "limit"),
    [("hurried", "time-limit", "1 s"), ("brief", "task-time-limit", "'patience'")],
)
async def test_an_evaluation_ends_at_a_time_limit_of_the_board(
    world: World, bus: Client, board: str, code: str, limit: str
) -> None:
    job = accepted(world.model("acme/good"), board)

    await submit(bus, job)

    failed = await failure_of(bus, job)
    assert (failed.cause, failed.reason.code) == (FailureCause.MODEL, code)
    assert limit in failed.reason.message
    assert failed.reason.advice


async def test_a_killed_child_is_reported_and_the_evaluator_goes_on(
    world: World, bus: Client, service: Service
) -> None:
    job = accepted(world.model("acme/good"), "slow", run=3)
    progress = await bus.subscribe(EvaluationProgress.subject_filter(sid=job.sid, run=3))
    await submit(bus, job)
    while b'"loading"' not in (await progress.next_msg(timeout=60)).data:
        pass

    for child in await until(lambda: models_children(service.process)):
        os.kill(child, signal.SIGKILL)

    failed = await failure_of(bus, job)
    assert failed.cause is FailureCause.INFRASTRUCTURE
    assert failed.reason.code == "evaluation-killed"
    following = accepted(world.model("acme/good"), "long", run=2)
    await submit(bus, following)
    await finish_of(bus, following)


async def test_a_job_that_cannot_be_read_becomes_a_dead_letter(bus: Client) -> None:
    consumer = EVALUATORS[Tier.SMALL, Lane.NORMAL]
    subject = SubmissionAccepted.subject_filter(tier="small", lane="normal", sid="0" * 20)
    envelope = Envelope(type=SubmissionAccepted.type_name(), source="test")
    js = bus.jetstream()

    await js.publish(subject, b"no json", stream=EVENTS.name, headers=envelope.headers())

    letters = await js.subscribe(dead_letter_subject(consumer.name), stream=DEAD_LETTERS.name)
    letter = await letters.next_msg(timeout=60)
    assert letter.data == b"no json"
    assert "UnreadableMessageError" in (letter.headers or {})["podium-reason"]
