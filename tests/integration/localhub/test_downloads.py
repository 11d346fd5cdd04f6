import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.file_download import http_get
from safetensors.numpy import save


@pytest.fixture(scope="module")
def digits(hub: str, write_repo: Callable[..., Path]) -> str:
    """Address of a file with the content 0123456789."""
    write_repo("ada/ranges", {"digits.bin": b"0123456789"})
    return f"{hub}/ada/ranges/resolve/main/digits.bin"


def test_a_snapshot_is_the_folder_and_the_second_call_asks_once(
    write_repo: Callable[..., Path], hub: str, tmp_path: Path, sent: list[str]
) -> None:
    files = {"README.md": "# Hello", "deep/er/a.txt": "a", "model.bin": b"\0" * 1000}
    write_repo("ada/snapshot", files)

    first = snapshot_download("ada/snapshot", endpoint=hub, cache_dir=tmp_path, token=False)
    asked = len(sent)
    second = snapshot_download("ada/snapshot", endpoint=hub, cache_dir=tmp_path, token=False)

    assert first == second
    assert Path(first, "deep/er/a.txt").read_text() == "a"
    assert Path(first, "model.bin").read_bytes() == b"\0" * 1000
    assert asked > 1
    assert sent[asked:] == ["GET /api/models/ada/snapshot/revision/main"]


def test_metadata_names_the_commit_the_hash_and_the_size(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo("ada/heads", {"hello.txt": "hello\n", "model.bin": b"weights"})
    resolve = f"{api.endpoint}/ada/heads/resolve/main"

    text = api.get_hf_file_metadata(url=f"{resolve}/hello.txt")
    weights = api.get_hf_file_metadata(url=f"{resolve}/model.bin")

    assert text.commit_hash == weights.commit_hash == api.model_info("ada/heads").sha
    assert (text.etag, text.size) == ("ce013625030ba8dba906f756967f9e9ca394464a", 6)
    assert (weights.etag, weights.size) == (hashlib.sha256(b"weights").hexdigest(), 7)


def test_a_broken_download_goes_on_where_it_stopped(
    write_repo: Callable[..., Path], hub: str, tmp_path: Path, sent: list[str]
) -> None:
    content = bytes(range(256)) * 100
    write_repo("ada/resumed", {"model.bin": content})
    part = tmp_path / "part"
    part.write_bytes(content[:10_000])

    with part.open("ab") as file:
        http_get(
            f"{hub}/ada/resumed/resolve/main/model.bin",
            file,
            resume_size=10_000,
            expected_size=len(content),
        )

    assert part.read_bytes() == content
    assert sent == ["GET /ada/resumed/resolve/main/model.bin"]


@pytest.mark.parametrize(
    ("asked", "content", "given"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-100000", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_gives_that_part_alone(digits: str, asked: str, content: bytes, given: str) -> None:
    request = Request(digits, headers={"Range": asked})

    with urlopen(request, timeout=60) as answer:
        assert answer.status == 206
        assert answer.headers["Content-Range"] == given
        assert answer.headers["X-Repo-Commit"]
        assert answer.read() == content


def test_a_range_past_the_end_is_refused(hub: str, write_repo: Callable[..., Path]) -> None:
    write_repo("ada/short", {"a.txt": "0123"})
    request = Request(f"{hub}/ada/short/resolve/main/a.txt", headers={"Range": "bytes=4-"})

    with pytest.raises(HTTPError) as refusal:
        urlopen(request, timeout=60)

    with refusal.value as answer:
        assert (answer.code, answer.headers["Content-Range"]) == (416, "bytes */4")


def test_a_file_that_is_known_is_not_sent_again(hub: str, write_repo: Callable[..., Path]) -> None:
    write_repo("ada/known", {"a.html": "<script>"})
    address = f"{hub}/ada/known/resolve/main/a.html"
    with urlopen(address, timeout=60) as answer:
        etag = answer.headers["ETag"]
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"

    with pytest.raises(HTTPError) as unchanged:
        urlopen(Request(address, headers={"If-None-Match": etag}), timeout=60)

    with unchanged.value as answer:
        assert (answer.code, answer.headers["ETag"]) == (304, etag)


def test_safetensors_metadata_of_one_file_and_of_shards(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    shards = {
        f"model-0000{n}-of-00002.safetensors": save({f"w{n}": np.zeros((n, 10), np.float32)})
        for n in (1, 2)
    }
    index = {"metadata": {}, "weight_map": {f"w{n + 1}": name for n, name in enumerate(shards)}}
    write_repo("ada/single", {"model.safetensors": save({"w": np.zeros((2, 3), np.float16)})})
    write_repo("ada/sharded", {**shards, "model.safetensors.index.json": json.dumps(index)})

    single = api.get_safetensors_metadata("ada/single")
    sharded = api.get_safetensors_metadata("ada/sharded")
    info = api.model_info("ada/sharded")

    assert (single.sharded, single.parameter_count) == (False, {"F16": 6})
    assert (sharded.sharded, sharded.parameter_count) == (True, {"F32": 30})
    assert info.safetensors is not None
    assert info.safetensors.total == 30


def test_paths_info_leaves_out_what_is_not_there(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo("ada/paths", {"a b.txt": "hello\n", "deep/c.txt": "c"})

    found = api.get_paths_info("ada/paths", ["a b.txt", "deep", "missing"], expand=True)

    assert [entry.path for entry in found] == ["a b.txt", "deep"]
    assert found[0].last_commit is not None
    assert found[0].last_commit.oid == api.model_info("ada/paths").sha


def test_a_tree_is_listed_flat_deep_and_from_a_folder(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo("ada/tree", {"a.txt": "a", "deep/b.txt": "b", "deep/er/c.txt": "c"})

    def paths(folder: str | None = None, *, recursive: bool = False) -> list[str]:
        tree = api.list_repo_tree("ada/tree", folder, recursive=recursive, expand=True)
        return [entry.path for entry in tree]

    assert paths() == ["a.txt", "deep"]
    assert paths(recursive=True) == ["a.txt", "deep", "deep/b.txt", "deep/er", "deep/er/c.txt"]
    assert paths("deep") == ["deep/b.txt", "deep/er"]


def test_a_long_tree_comes_by_pages(
    write_repo: Callable[..., Path], api: HfApi, sent: list[str]
) -> None:
    write_repo("ada/long", {f"{n:04}.txt": "" for n in range(1001)})

    assert len(api.list_repo_files("ada/long")) == 1001
    assert sent == ["GET /api/models/ada/long/tree/main"] * 2


def test_compressed_files_arrive_as_they_are(
    hub: str, write_repo: Callable[..., Path], tmp_path: Path
) -> None:
    write_repo("ada/packed", {"rows.jsonl.gz": gzip.compress(b"{}\n")}, kind="datasets")

    path = HfApi(endpoint=hub, token=False).hf_hub_download(
        "ada/packed", "rows.jsonl.gz", repo_type="dataset", cache_dir=tmp_path
    )

    assert gzip.decompress(Path(path).read_bytes()) == b"{}\n"
