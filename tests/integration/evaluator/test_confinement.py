"""What an evaluator does about models that could hurt its host."""

from pathlib import Path

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.evaluation import EvaluationFailed, FailureCause
from runtime.bus import publish_event
from tests.bus import next_event
from tests.integration.evaluator.world import (
    World,
    accepted,
    log_of,
    running_evaluator,
    start_evaluator,
)


def without_libseccomp(folder: Path) -> dict[str, str]:
    """What Python finds where pyseccomp finds no library to load."""
    message = "Unable to find libseccomp"
    (folder / "pyseccomp.py").write_text(f"raise RuntimeError({message!r})\n")
    return {"PYTHONPATH": str(folder)}


def test_no_model_is_run_where_it_would_have_a_network(
    world: World, nats_url: str, tmp_path: Path
) -> None:
    evaluator = start_evaluator(
        world,
        nats_url,
        "open",
        EVALUATOR_ALLOW_UNSANDBOXED="false",
        **without_libseccomp(tmp_path),
    )

    assert evaluator.wait(timeout=90) == 1
    lines = log_of(world, "open").read_text().splitlines()
    [line] = [line for line in lines if "network" in line]
    assert "Unable to find libseccomp" in line
    assert "libseccomp2" in line
    assert "EVALUATOR_ALLOW_UNSANDBOXED" in line


async def test_a_model_that_takes_too_much_memory_fails_with_the_limit(
    world: World, client: Client, jetstream: JetStreamContext, nats_url: str, tmp_path: Path
) -> None:
    job = accepted(world.model("acme/good"), "slow")
    await publish_event(jetstream, job, Envelope.of(job, "test"))

    # The setting lets it start without a wall as well; its libraries alone take 0.1 GB.
    with running_evaluator(
        world,
        nats_url,
        "narrow",
        EVALUATOR_MEMORY_LIMIT_GB="0.1",
        **without_libseccomp(tmp_path),
    ):
        failed = (await next_event(client, EvaluationFailed)).event

    assert (failed.cause, failed.reason.code) == (FailureCause.MODEL, "out-of-memory")
    assert "0.1 GB" in failed.reason.message
    assert "EVALUATOR_MEMORY_LIMIT_GB" in failed.reason.advice
