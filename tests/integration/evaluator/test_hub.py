import asyncio
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from contracts.evaluation import FailureCause
from contracts.models import ModelRef, Precision, WeightType
from localhub.process import running_localhub
from services.evaluator.disk import HubCache
from services.evaluator.failures import EvaluationFault, Failure
from services.evaluator.hub import fetched
from tests.integration.evaluator.world import World
from tests.tiny import make_tiny_model

UNKNOWN = ModelRef(repo_id="acme/good", commit="0" * 40, precision=Precision.FLOAT32)


async def fetch(model: ModelRef, hub_url: str, cache: HubCache) -> Path:
    """Where the files are, or were."""
    async with fetched(model, None, hub_url, cache, lambda done, total: None) as snapshot:
        assert {"config.json", "model.safetensors"} <= {
            file.name for file in snapshot.folder.iterdir()
        }
        return snapshot.folder


async def failure_of(model: ModelRef, hub_url: str, cache: HubCache) -> Failure:
    with pytest.raises(EvaluationFault) as caught:
        await fetch(model, hub_url, cache)
    return caught.value.failure


async def test_an_address_without_a_hub_is_no_fault_of_the_model(
    world: World, tmp_path: Path
) -> None:
    failure = await failure_of(UNKNOWN, f"{world.hub_url}/elsewhere", HubCache(tmp_path, None))

    assert (failure.cause, failure.reason.code) == (FailureCause.INFRASTRUCTURE, "hub-unreachable")


async def test_the_page_of_a_proxy_is_no_fault_of_the_model(tmp_path: Path) -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Log in to the guest network</html>")

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            failure = await failure_of(UNKNOWN, url, HubCache(tmp_path, None))
        finally:
            server.shutdown()

    assert (failure.cause, failure.reason.code) == (FailureCause.INFRASTRUCTURE, "hub-unreachable")


async def test_a_commit_that_is_not_there_is_the_models_fault(world: World, tmp_path: Path) -> None:
    failure = await failure_of(UNKNOWN, world.hub_url, HubCache(tmp_path, None))

    assert (failure.cause, failure.reason.code) == (FailureCause.MODEL, "model-not-available")


async def test_the_model_not_used_for_longest_makes_room(world: World, tmp_path: Path) -> None:
    one, other = world.model("acme/good"), world.model("acme/no-change")
    size = sum(file.stat().st_size for file in (world.models / "acme" / "good").iterdir())
    cache = HubCache(tmp_path, limit_bytes=1.5 * size)

    first = await fetch(one, world.hub_url, cache)
    second = await fetch(other, world.hub_url, cache)

    assert not first.exists()
    assert second.exists()
    assert await fetch(one, world.hub_url, cache) == first


async def test_a_model_larger_than_the_cache_is_refused_before_it_is_downloaded(
    world: World, tmp_path: Path
) -> None:
    failure = await failure_of(world.model("acme/good"), world.hub_url, HubCache(tmp_path, 1000))

    assert (failure.cause, failure.reason.code) == (
        FailureCause.INFRASTRUCTURE,
        "does-not-fit-disk",
    )
    assert not list(tmp_path.glob("*/blobs/*"))


async def test_the_checkpoints_of_a_training_stay_where_they_are(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models" / "acme" / "good"
    make_tiny_model(repository)
    (repository / "checkpoint-100").mkdir()
    for file in ("config.json", "model.safetensors"):
        shutil.copy(repository / file, repository / "checkpoint-100" / file)
    with running_localhub(tmp_path / "hub") as url:
        model = World(tmp_path, url).model("acme/good")
        folder = await fetch(model, url, HubCache(tmp_path / "cache", None))

    assert len(list(folder.rglob("config.json"))) == 2
    assert [file.parent for file in folder.rglob("*.safetensors")] == [folder]


async def test_what_is_in_the_cache_does_without_a_hub(tmp_path: Path) -> None:
    make_tiny_model(tmp_path / "hub" / "models" / "acme" / "good")
    cache = HubCache(tmp_path / "cache", None)
    with running_localhub(tmp_path / "hub") as url:
        world = World(tmp_path, url)
        model = world.model("acme/good")
        folder = await fetch(model, url, cache)

    assert await fetch(model, url, cache) == folder


async def test_a_download_that_nobody_waits_for_leaves_the_model_unclaimed(
    world: World, tmp_path: Path
) -> None:
    cache = HubCache(tmp_path, None)
    fetching = asyncio.create_task(fetch(world.model("acme/good"), world.hub_url, cache))
    await asyncio.sleep(0)

    fetching.cancel()

    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert not list(cache.notes.glob("*@*"))


async def test_a_base_model_is_fetched_at_the_commit_that_was_examined(tmp_path: Path) -> None:
    namespace = tmp_path / "hub" / "models" / "acme"
    for name in ("delta", "base"):
        make_tiny_model(namespace / name)
    with running_localhub(tmp_path / "hub") as url:
        world = World(tmp_path, url)
        examined = world.model("acme/base").commit
        shutil.copytree(namespace / "base", tmp_path / "kept")
        shutil.move(tmp_path / "kept", namespace / "base" / "_tags" / "examined")
        (namespace / "base" / "README.md").write_text("Another commit.")
        delta = world.model("acme/delta").model_copy(
            update={"weight_type": WeightType.DELTA, "base_model": "acme/base"}
        )
        cache = HubCache(tmp_path / "cache", None)

        async with fetched(delta, examined, url, cache, lambda done, total: None) as snapshot:
            assert snapshot.base_folder
            assert snapshot.base_folder.name == examined
