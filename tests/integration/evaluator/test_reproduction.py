"""The command that a score carries, run as `podium reproduce` runs it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.client import Client

from cli.rerun import Report, Rerun
from contracts.envelope import Envelope
from contracts.evaluation import EnergyMethod, EvaluationTaskScored
from contracts.models import ModelRef, WeightType
from runtime.bus import connect, publish_event
from tests.bus import next_event
from tests.integration.evaluator.test_cli_equality import as_the_harness_prints
from tests.integration.evaluator.world import Service, World, accepted


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    client = await connect(service.nats_url, name="test")
    yield client
    await client.close()


async def scored(client: Client, model: ModelRef, board: str, task: str) -> EvaluationTaskScored:
    job = accepted(model, board, run=21)
    await publish_event(client.jetstream(), job, Envelope.of(job, "test"))
    recorded = await next_event(
        client,
        EvaluationTaskScored,
        lambda it: (it.sid, it.run, it.task) == (job.sid, 21, task),
    )
    return recorded.event


async def repeated(world: World, event: EvaluationTaskScored, folder: Path) -> Report:
    assert event.provenance
    rerun = Rerun.read(event.provenance.command).including(world.tasks)
    folder.mkdir()
    environment = world.environment | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return await asyncio.to_thread(rerun.execute, folder, environment)


def assert_equal(event: EvaluationTaskScored, report: Report) -> None:
    for result in event.results:
        assert report.task_hashes[result.task] == result.prompt_hash
        reported = {key: report.results[result.task][key] for key in result.metrics}
        assert {key: as_the_harness_prints(value) for key, value in reported.items()} == {
            key: as_the_harness_prints(value) for key, value in result.metrics.items()
        }


async def test_the_command_repeats_the_scores_with_lm_eval_alone(
    world: World, client: Client, tmp_path: Path
) -> None:
    good = world.model("acme/good")
    delta = world.model("acme/no-change").model_copy(
        update={"weight_type": WeightType.DELTA, "base_model": "acme/good"}
    )
    group = await scored(client, good, "tiny", "tones")
    changed = await scored(client, delta, "hub", "travel")

    reports = await asyncio.gather(
        repeated(world, group, tmp_path / "group"), repeated(world, changed, tmp_path / "changed")
    )

    for event, report in zip((group, changed), reports, strict=True):
        assert_equal(event, report)


async def test_a_score_says_how_it_came_about(world: World, client: Client) -> None:
    event = await scored(client, world.model("acme/good"), "hub", "travel")

    origin = event.provenance
    assert origin
    assert (origin.dtype, origin.device, origin.seed, origin.limit) == (
        "float32",
        "cpu",
        1234,
        None,
    )
    assert event.engine == origin.engine.name
    assert origin.tokens.forwarded > 0
    assert origin.phases.keys() >= {"build", "score", "metrics"}
    assert origin.energy
    assert origin.energy.method is EnergyMethod.ESTIMATED
    assert 0 < origin.energy.kwh <= event.seconds * 0.085 / 3600
    assert event.versions.keys() >= {"podium", "lm_eval", "transformers", "torch", "datasets"}
    [result] = event.results
    assert result.data
    assert (result.data.repo_id, len(result.data.revision)) == ("acme/travel", 40)
    assert len(result.prompt_hash) == 64
