import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from contracts.models import ModelRef, Precision
from localhub.process import running_localhub
from tests.integration.validator.tiny_model import write_model


@pytest.fixture(scope="module")
def hub_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def hub_url(hub_root: Path) -> Iterator[str]:
    with running_localhub(hub_root) as url:
        yield url


@pytest.fixture(scope="module")
def publish_model(hub_root: Path, hub_url: str) -> Callable[..., ModelRef]:
    """publish_model("name", **changes) writes ada/name and gives its newest commit; `shown` is how
    the Hub then shows it, and `submitted` what the reference says beside that."""

    def publish(
        name: str,
        shown: Mapping[str, object] | None = None,
        submitted: Mapping[str, object] | None = None,
        **changes: Any,
    ) -> ModelRef:
        repo_id = f"ada/{name}"
        folder = hub_root / "models" / repo_id
        write_model(folder, **changes)
        commit = HfApi(endpoint=hub_url, token=False).model_info(repo_id, expand=["sha"]).sha
        assert commit
        if shown:
            (folder / "_hub.json").write_text(json.dumps(shown))
        reference = {"repo_id": repo_id, "commit": commit, "precision": Precision.FLOAT32}
        return ModelRef.model_validate(reference | dict(submitted or {}))

    return publish
