import json
import subprocess
import sys
from pathlib import Path

from huggingface_hub import HfApi

from contracts.evaluation import DataSet
from tests.integration.evaluator.world import World


def describe_data(world: World, *tasks: str, **environment: str) -> dict[str, DataSet]:
    script = Path(__file__).with_name("describe_data.py")
    process = subprocess.run(
        [sys.executable, str(script), str(world.tasks), *tasks],
        env=world.environment | environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = json.loads(process.stdout.splitlines()[-1])
    return {name: DataSet.model_validate(data) for name, data in found.items()}


def test_a_data_set_is_known_by_its_commit_online_and_offline(world: World) -> None:
    commit = HfApi(endpoint=world.hub_url, token=False).dataset_info("acme/travel").sha

    online = describe_data(world, "travel")
    offline = describe_data(world, "travel", HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")

    assert online["travel"].repo_id == "acme/travel"
    assert online["travel"].revision == commit
    assert online["travel"].fingerprint
    assert offline == online


def test_a_local_data_set_has_no_commit(world: World) -> None:
    found = describe_data(world, "shades", "hues", HF_HUB_OFFLINE="1")

    assert {data.repo_id for data in found.values()} == {"json"}
    assert {data.revision for data in found.values()} == {""}
    assert found["shades"].fingerprint != found["hues"].fingerprint
