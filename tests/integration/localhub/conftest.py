import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from localhub.process import running_localhub

TOKENS = {
    "hf_ada": {"name": "ada", "fullname": "Ada Lovelace", "orgs": ["analytical"]},
    "hf_grace": {"name": "grace"},
}


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hub")
    (root / "_tokens.json").write_text(json.dumps(TOKENS))
    return root


@pytest.fixture(scope="session")
def hub(root: Path) -> Iterator[str]:
    """URL of one server for all tests; each test writes repositories of its own."""
    with running_localhub(root) as url:
        yield url


@pytest.fixture(scope="session")
def write_repo(root: Path) -> Callable[..., Path]:
    """write_repo(id, files, kind=..., **settings) gives the repository's folder."""

    def write(
        repo_id: str, files: Mapping[str, str | bytes], *, kind: str = "models", **settings: object
    ) -> Path:
        folder = root / kind / repo_id
        folder.mkdir(parents=True)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
        if settings:
            (folder / "_hub.json").write_text(json.dumps(settings))
        return folder

    return write


@pytest.fixture
def api(hub: str) -> HfApi:
    """The anonymous client."""
    return HfApi(endpoint=hub, token=False)


@pytest.fixture
def sent() -> Iterator[list[str]]:
    """Method and path of each request that huggingface_hub makes from now on."""
    requests: list[str] = []

    def note(request: httpx2.Request) -> None:
        requests.append(f"{request.method} {request.url.path}")

    def noting_client() -> httpx2.Client:
        client = default_client_factory()
        client.event_hooks = {
            **client.event_hooks,
            "request": [*client.event_hooks["request"], note],
        }
        return client

    set_client_factory(noting_client)
    yield requests
    set_client_factory(default_client_factory)


@pytest.fixture(scope="session")
def run_client(hub: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """run_client(script, *arguments) gives what the script printed.

    The endpoint is read when the libraries are imported, so each script is a process of its own,
    with an empty cache.
    """

    def run(script: str, *arguments: str) -> str:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        environment = {
            **inherited,
            "HF_ENDPOINT": hub,
            "HF_HOME": str(tmp_path_factory.mktemp("hf-home")),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "DISABLE_SAFETENSORS_CONVERSION": "1",
        }
        path = Path(__file__).parent / "clients" / script
        finished = subprocess.run(
            [sys.executable, str(path), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run
