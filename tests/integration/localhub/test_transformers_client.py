import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from huggingface_hub import HfApi


@dataclass(frozen=True)
class Llama:
    logits: list[float]
    """As computed where the model was made."""


@pytest.fixture(scope="module")
def llama(root: Path, run_client: Callable[..., str]) -> Llama:
    folders = [root / "models" / "llamas" / name for name in ("single", "sharded")]
    return Llama(json.loads(run_client("make_llama.py", *map(str, folders))))


@pytest.mark.parametrize("name", ["single", "sharded"])
def test_a_model_is_loaded_from_the_hub_as_it_was_saved(
    llama: Llama, api: HfApi, run_client: Callable[..., str], name: str
) -> None:
    info = api.model_info(f"llamas/{name}")
    assert info.sha is not None
    assert info.siblings is not None
    shards = [s for s in info.siblings if s.rfilename.endswith(".safetensors")]
    revision = {"single": "main", "sharded": info.sha}[name]

    loaded = json.loads(run_client("load_llama.py", f"llamas/{name}", revision))

    assert (len(shards) > 1) == (name == "sharded")
    assert loaded["license"] == "mit"
    assert loaded["model_type"] == "llama"
    assert loaded["ids"] == [1, 2, 3]
    assert loaded["logits"] == pytest.approx(llama.logits, abs=1e-5)
