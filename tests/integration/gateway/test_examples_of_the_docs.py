"""What the pages about the API show runs as it stands there."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from contracts.views import RequestState
from runtime.settings import REPOSITORY
from tests.integration.gateway.conftest import WriteModel
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway
from tests.unit.gateway.examples import a_request, an_entry
from tests.unit.gateway.published import the_board

PAGES = ("api.md", "query.md")
ADDRESS = "http://127.0.0.1:8000"
REQUEST = a_request("acme/llama-tiny", RequestState.WAITING, board="open-llm-v2")


def examples() -> list[tuple[str, str]]:
    found = [
        example
        for page in PAGES
        for example in re.findall(
            r"^```(sh|python)\n(.*?)^```", (REPOSITORY / "docs" / page).read_text(), re.M | re.S
        )
    ]
    assert len(found) > 6
    return found


async def run(language: str, example: str, gateway: RunningGateway, folder: Path) -> str:
    """What it prints; of a stream that never ends, the first line."""
    ids = re.sub(r"\b[0-9a-f]{20}\b", REQUEST.sid, example)
    text = ids.replace(ADDRESS, gateway.url)
    # The shell gives way to curl, so that one process is to be ended.
    command = ("sh", "-c", f"exec {text}") if language == "sh" else (sys.executable, "-c", text)
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | {"PODIUM_TOKEN": "hf_ada"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(60):
        if "curl -N " in text:
            line = await process.stdout.readline()
            process.kill()
            await process.wait()
            return line.decode()
        output, _ = await process.communicate()
    assert process.returncode == 0, example
    return output.decode()


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
async def test_every_example_is_answered(
    nats_url: str, hub: str, jetstream: JetStreamContext, tmp_path: Path, write_model: WriteModel
) -> None:
    write_model("acme/tiny")
    row = an_entry("acme/llama-tiny", board="open-llm-v2")
    await show(jetstream, the_board(), row, REQUEST.model_copy(update={"submitter": "ada"}))
    moderators = {"GATEWAY_MODERATORS": '["ada"]'}
    async with started_gateway(nats_url, hub, tmp_path, **moderators) as gateway:
        await gateway.until_ready()
        printed = {
            text: await run(language, text, gateway, tmp_path) for language, text in examples()
        }

    for example, output in printed.items():
        assert output or "-o " in example, example
        assert '"error"' not in output, (example, output)
    told = "".join(printed.values())
    assert "acme/llama-tiny 50.0" in told
    assert (tmp_path / "board.csv").read_text().startswith("rank,rank_best,")
