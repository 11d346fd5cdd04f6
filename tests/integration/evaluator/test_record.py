import asyncio
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.evaluation import (
    Engine,
    EvaluationFinished,
    EvaluationProgress,
    EvaluationTaskScored,
    HarnessResult,
    Provenance,
    Tokens,
)
from contracts.models import Lane, ModelRef, Precision, Tier
from contracts.submission import SubmissionCancelled, SubmissionRerunRequested
from contracts.topology import DETAILS_BUCKET
from runtime.boards import load_boards
from runtime.bus import publish_event
from services.evaluator.gate import Gate
from services.evaluator.jobs import JobQueues
from services.evaluator.protocol import Phase, SamplesFile, Step, TaskScores
from services.evaluator.record import RunRecord
from tests.bus import all_events, until_copied
from tests.integration.evaluator.world import accepted
from tests.tiny import board_task, write_board


async def attempt(client: Client, queues: JobQueues) -> RunRecord:
    """The next delivery of the only job, which is given back for the one after it."""
    async with asyncio.timeout(60):
        job = await queues.next_job(asyncio.Event())
    assert job
    await job.give_back(0.1)
    return RunRecord(client, client.jetstream(), job)


async def test_an_attempt_ends_with_the_start_of_a_newer_one_at_the_same_job(
    client: Client, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    model = ModelRef(repo_id="acme/model", commit="0" * 40, precision=Precision.FLOAT32)
    normal = accepted(model, "tiny")
    high = normal.model_copy(update={"lane": Lane.HIGH})
    for job in (normal, high):
        await publish_event(jetstream, job, Envelope.of(job, "test"))
    await until_copied(jetstream, 2)
    queues = JobQueues(client, Gate((Tier.SMALL,)))
    async with asyncio.timeout(60):
        in_high_lane = await queues.next_job(asyncio.Event())
    assert in_high_lane
    other = RunRecord(client, jetstream, in_high_lane)
    older, newer = await attempt(client, queues), await attempt(client, queues)
    write_board(tmp_path, "tiny", [board_task("colours", "colours")])
    board = load_boards(tmp_path)["tiny"]
    assert not await older.is_superseded()

    await older.started(board, "one", "cpu")
    await newer.started(board, "two", "cpu")

    assert await older.is_superseded()
    assert not await newer.is_superseded()
    assert not await other.is_superseded()


async def test_progress_says_how_fast_it_goes(client: Client, jetstream: JetStreamContext) -> None:
    model = ModelRef(repo_id="acme/model", commit="0" * 40, precision=Precision.FLOAT32)
    job = accepted(model, "tiny")
    await publish_event(jetstream, job, Envelope.of(job, "test"))
    record = await attempt(client, JobQueues(client, Gate((Tier.SMALL,))))
    told = await client.subscribe(EvaluationProgress.subject_filter(sid=job.sid))

    for done in (0, 40):
        await record.progress(Step(Phase.SCORING, "colours", done, 120))

    first, second = [
        EvaluationProgress.model_validate_json((await told.next_msg(timeout=60)).data)
        for _ in range(2)
    ]
    assert (first.done, first.per_second, first.seconds_left) == (0, None, None)
    assert second.per_second
    assert second.seconds_left == pytest.approx(80 / second.per_second)


async def test_the_second_of_two_attempts_leaves_no_trace(
    client: Client, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    model = ModelRef(repo_id="acme/model", commit="0" * 40, precision=Precision.FLOAT32)
    job = accepted(model, "tiny")
    await publish_event(jetstream, job, Envelope.of(job, "test"))
    queues = JobQueues(client, Gate((Tier.SMALL,)))
    stale, newer = await attempt(client, queues), await attempt(client, queues)
    samples = tmp_path / "colours.parquet"
    samples.write_bytes(b"samples")
    result = HarnessResult(task="colours", version="", shots=0, samples=1, metrics={}, stderrs={})
    provenance = Provenance(
        engine=Engine(name="tree"),
        dtype="float32",
        device="cpu",
        seed=1234,
        tokens=Tokens(forwarded=1, stock=2),
        phases={},
    )
    scores = TaskScores("colours", (result,), 1.0, SamplesFile(samples, 1, 7, "0" * 64), provenance)

    await newer.scored(scores, {})
    await stale.scored(scores, {})
    await newer.finished(1.0)
    await stale.finished(9.0)

    events = await all_events(client)
    [scored] = [event for event in events if isinstance(event, EvaluationTaskScored)]
    [finished] = [event for event in events if isinstance(event, EvaluationFinished)]
    assert (finished.attempt, finished.seconds) == (2, 1.0)
    assert (scored.attempt, await stale.seconds_of("colours")) == (2, 1.0)
    store = await jetstream.object_store(DETAILS_BUCKET)
    [kept] = await store.list(ignore_deletes=True)
    assert scored.details
    assert kept.name == scored.details.object_name


async def test_a_job_that_was_cancelled_before_or_after_its_verdict_is_over_and_its_rerun_is_not(
    client: Client, jetstream: JetStreamContext
) -> None:
    model = ModelRef(repo_id="acme/model", commit="0" * 40, precision=Precision.FLOAT32)
    early, late = accepted(model, "tiny"), accepted(model, "other")
    for event in (
        SubmissionCancelled(sid=early.sid),
        early,
        late,
        SubmissionCancelled(sid=late.sid),
        SubmissionRerunRequested(sid=late.sid, run=2),
        late.model_copy(update={"run": 2}),
    ):
        await publish_event(jetstream, event, Envelope.of(event, "test"))
    queues = JobQueues(client, Gate((Tier.SMALL,)))

    over = {}
    for _ in range(3):
        async with asyncio.timeout(60):
            job = await queues.next_job(asyncio.Event())
        assert job
        record = RunRecord(client, jetstream, job)
        over[job.accepted.sid, job.accepted.run] = await record.is_over()

    assert over == {(early.sid, 1): True, (late.sid, 1): True, (late.sid, 2): False}
