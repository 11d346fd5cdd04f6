import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from nats.js import JetStreamContext

from localhub.process import running_localhub
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway
from tests.unit.gateway.examples import a_board

WriteModel = Callable[[str], Path]


SESSION_SECRET = "what encrypts the cookies of the tests' gateways"
TOKENS: dict[str, dict[str, Any]] = {
    "hf_ada": {"name": "ada", "orgs": ["analytical"]},
    "hf_grace": {"name": "grace"},
    "hf_mod": {"name": "mona", "orgs": ["moderators"]},
}


@pytest.fixture(scope="module")
def hub_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hub")
    (root / "_tokens.json").write_text(json.dumps(TOKENS))
    return root


@pytest.fixture(scope="module")
def hub(hub_root: Path) -> Iterator[str]:
    with running_localhub(hub_root) as url:
        yield url


@pytest.fixture(scope="module")
def write_model(hub_root: Path) -> WriteModel:
    """write_model("acme/tiny") puts a repository on the Hub; its folder."""

    def write(repo_id: str) -> Path:
        folder = hub_root / "models" / repo_id
        folder.mkdir(parents=True)
        (folder / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n# {repo_id}\n")
        (folder / "config.json").write_text('{"model_type": "llama"}')
        return folder

    return write


@pytest.fixture
async def gateway(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> AsyncIterator[RunningGateway]:
    """A gateway that knows the board `demo`."""
    await show(jetstream, a_board())
    async with started_gateway(nats_url, hub, tmp_path) as running:
        await running.until_ready()
        yield running


@pytest.fixture
async def closed(
    nats_url: str, jetstream: JetStreamContext, hub: str, hub_root: Path, tmp_path: Path
) -> AsyncIterator[RunningGateway]:
    """A gateway that asks for names, where browsers can sign in and `moderators` moderate."""
    await show(jetstream, a_board())
    settings = {
        "GATEWAY_OPEN": "false",
        "GATEWAY_MODERATORS": '["Moderators"]',
        "GATEWAY_OAUTH_CLIENT_ID": "podium",
        "GATEWAY_SESSION_SECRET": SESSION_SECRET,
        "PODIUM_LOG_LEVEL": "debug",
    }
    async with started_gateway(nats_url, hub, tmp_path, **settings) as running:
        apps = {"podium": {"redirectUris": [f"{running.url}/sign-in/callback"]}}
        (hub_root / "_apps.json").write_text(json.dumps(apps))
        await running.until_ready()
        yield running


@pytest.fixture
async def http(gateway: RunningGateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as client:
        yield client
