"""compose.yaml and the Dockerfile, as far as that can be seen without a container engine."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    definition: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
    return definition


def test_the_compose_file_fits_the_compose_schema() -> None:
    check = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec"),
            REPOSITORY / "compose.yaml",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert check.returncode == 0, check.stdout + check.stderr


def test_every_service_is_deployed_and_built_from_its_own_extra(compose: dict[str, Any]) -> None:
    services = {path.parent.name for path in (REPOSITORY / "services").glob("*/__main__.py")}

    built = {
        name: definition["build"]["args"]["SERVICE"]
        for name, definition in compose["services"].items()
        if name in services
    }

    assert built == {name: name for name in services}
    assert len(services) == 4


def test_services_wait_for_the_topology(compose: dict[str, Any]) -> None:
    for name in ("validator", "aggregator", "evaluator", "gateway"):
        needed = compose["services"][name]["depends_on"]
        assert needed == {"topology": {"condition": "service_completed_successfully"}}


def test_an_evaluator_can_be_scaled(compose: dict[str, Any]) -> None:
    assert "container_name" not in compose["services"]["evaluator"]
    assert "ports" not in compose["services"]["evaluator"]


def test_what_the_dockerfile_copies_exists() -> None:
    copied = [
        source
        for line in (REPOSITORY / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY") and "--from=" not in line  # what another stage has made
        for source in line.split()[1:-1]
    ]

    missing = [name for name in copied if "$" not in name and not (REPOSITORY / name).exists()]
    assert missing == []


def test_nats_is_deployed_with_fsync_before_every_acknowledgement() -> None:
    configuration = (REPOSITORY / "deploy" / "nats.conf").read_text()

    assert "sync_interval: always" in configuration
