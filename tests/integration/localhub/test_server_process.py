import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from localhub.process import running_localhub

MIB = 1024 * 1024


@contextmanager
def started(root: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "localhub", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.kill()


def announced_url(server: "subprocess.Popen[str]", root: Path) -> str:
    assert server.stdout is not None
    name, url, *rest = server.stdout.readline().split()
    assert (name, rest) == ("localhub:", ["serving", str(root)])
    return url


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_serves_and_ends_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    with started(tmp_path) as server:
        with urlopen(f"{announced_url(server, tmp_path)}/livez", timeout=60) as answer:
            assert answer.status == 200

        server.send_signal(ending)

        assert server.wait(timeout=60) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_file_larger_than_its_memory_is_hashed_and_streamed(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "ada" / "large"
    folder.mkdir(parents=True)
    with (folder / "model.bin").open("wb") as file:
        file.truncate(256 * MIB)

    with started(tmp_path) as server:
        url = announced_url(server, tmp_path)
        with urlopen(f"{url}/api/models", timeout=30) as answer:
            answer.read()
        before = peak_memory_bytes(server.pid)
        received = 0
        with urlopen(f"{url}/ada/large/resolve/main/model.bin", timeout=30) as answer:
            while chunk := answer.read(MIB):
                received += len(chunk)
        growth = peak_memory_bytes(server.pid) - before

    assert received == 256 * MIB
    assert growth < 32 * MIB


def peak_memory_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (kibibytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kibibytes) * 1024


@pytest.mark.parametrize(
    ("file", "content"),
    [("_tokens.json", '{"hf_a": {}}'), ("models/ada/model/_hub.json", '{"gated": 1}')],
)
def test_it_does_not_start_over_malformed_settings(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(content)

    with (
        pytest.raises(RuntimeError, match=rf"{Path(file).name} is malformed"),
        running_localhub(tmp_path),
    ):
        pass


def test_without_a_tokens_file_everyone_reads_and_nobody_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "ada" / "open"
    folder.mkdir(parents=True)

    with running_localhub(tmp_path) as url:
        api = HfApi(endpoint=url, token="hf_stored_for_another_hub")

        assert api.model_info("ada/open").id == "ada/open"
        with pytest.raises(HfHubHTTPError, match="Invalid user token"):
            api.whoami()


def test_pages_lead_from_the_index_to_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "ada" / "rows"
    folder.mkdir(parents=True)
    (folder / "a <b>.txt").write_text("text")
    (tmp_path / "datasets" / "ada" / "hidden").mkdir()
    (tmp_path / "datasets" / "ada" / "hidden" / "_hub.json").write_text('{"private": true}')

    with running_localhub(tmp_path) as url:
        index, repo = (read(f"{url}{path}") for path in ("/", "/datasets/ada/rows"))
        commit = HfApi(endpoint=url, token=False).dataset_info("ada/rows").sha
        address = f"/datasets/ada/rows/resolve/{commit}/a%20%3Cb%3E.txt"

        assert 'href="/datasets/ada/rows"' in index
        assert "hidden" not in index
        assert f'<a href="{address}">a &lt;b&gt;.txt</a>' in repo
        assert read(f"{url}/datasets/ada/rows/tree/{commit}") == repo
        assert read(url + address) == "text"


def read(url: str) -> str:
    with urlopen(Request(url), timeout=60) as answer:
        return str(answer.read(), "utf-8")
