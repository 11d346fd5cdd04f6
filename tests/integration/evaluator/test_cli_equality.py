import json
import subprocess
import sys
from pathlib import Path

import pytest
from nats.aio.client import Client

from cli.importing.results import read_results
from contracts.envelope import Envelope
from contracts.evaluation import EvaluationFinished, EvaluationTaskScored
from contracts.models import Precision
from runtime.boards import read_board
from runtime.bus import connect, publish_event
from tests.bus import all_events, next_event
from tests.integration.evaluator.world import Service, World, accepted


def as_the_harness_prints(value: object) -> str:
    """lm-eval's own table has four digits after the point."""
    return f"{value:.4f}" if isinstance(value, int | float) else "N/A"


@pytest.fixture(scope="module")
def report(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lm-eval's CLI writes about the tasks on the board `tiny`."""
    output = tmp_path_factory.mktemp("output")
    subprocess.run(
        [
            *(sys.executable, "-m", "lm_eval", "run"),
            *("--model", "hf"),
            *("--model_args", f"pretrained={world.models / 'acme' / 'good'},dtype=float32"),
            *("--tasks", "colours,tones,naming,reading"),
            *("--include_path", str(world.tasks)),
            *("--batch_size", "8"),
            *("--device", "cpu"),
            *("--output_path", str(output)),
        ],
        env=world.environment | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        timeout=240,
    )
    [report] = output.rglob("results_*.json")
    return report


async def test_the_cli_of_lm_eval_gives_the_same_metrics(
    world: World, service: Service, report: Path
) -> None:
    client: Client = await connect(service.nats_url, name="test")
    job = accepted(world.model("acme/good"), "tiny", run=9)

    await publish_event(client.jetstream(), job, Envelope.of(job, "test"))
    await next_event(client, EvaluationFinished, lambda it: it.run == 9)
    events = await all_events(client)
    await client.close()
    by_cli = json.loads(report.read_text())["results"]

    results = [
        result
        for event in events
        if isinstance(event, EvaluationTaskScored) and event.run == 9
        for result in event.results
    ]
    assert [result.task for result in results] == ["colours", "shades", "hues", "naming", "reading"]
    for result in results:
        reported = by_cli[result.task]
        metrics = {
            key: value
            for key, value in reported.items()
            if "," in key and not key.partition(",")[0].endswith("_stderr")
        }
        for key, value in metrics.items():
            if result.task == "reading":  # rounding shows in a perplexity of thousands
                assert result.metrics[key] == pytest.approx(value, rel=1e-6)
            else:
                assert as_the_harness_prints(result.metrics[key]) == as_the_harness_prints(value)
        assert result.metrics.keys() == metrics.keys()
        for key, stderr in result.stderrs.items():
            metric, _, metric_filter = key.partition(",")
            by_harness = reported[f"{metric}_stderr,{metric_filter}"]
            assert as_the_harness_prints(by_harness) == as_the_harness_prints(stderr)
    assert len({value for result in results for value in result.metrics.values()}) > 3


def test_what_the_cli_writes_can_be_imported(world: World, report: Path, tmp_path: Path) -> None:
    # Only the Hub's models can stand on a board; this run has read one from its folder.
    from_the_hub = report.read_text().replace(str(world.models / "acme" / "good"), "acme/good")
    (tmp_path / report.name).write_text(from_the_hub)

    found = read_results(tmp_path.glob("*.json"), read_board(world.boards / "tiny.yaml"), "results")

    assert found.problems == ()
    [event] = found.events
    assert (event.model.repo_id, event.model.precision) == ("acme/good", Precision.FLOAT32)
    by_cli = json.loads(report.read_text())["results"]
    assert {task.task: [result.task for result in task.results] for task in event.tasks} == {
        "colours": ["colours"],
        "tones": ["shades", "hues"],
        "naming": ["naming"],
        "reading": ["reading"],
    }
    for task in event.tasks:
        for result in task.results:
            assert result.samples > 0
            assert result.metrics.items() <= by_cli[result.task].items()
