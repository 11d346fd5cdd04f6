"""An operator with a finished Open LLM Leaderboard moves in: import, aggregator, gateway."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.aggregator.aggregating import aggregating
from tests.integration.gateway.gateways import started_gateway
from tests.unit.gateway.published import COUNTS, ROWS, needs_published_rows, the_board

pytestmark = [needs_published_rows, pytest.mark.usefixtures("jetstream")]

ENTRIES = "/api/v1/boards/open-llm-v2/entries"


async def test_the_published_board_is_searched_as_it_was_after_one_command(
    nats_url: str, hub: str, tmp_path: Path
) -> None:
    async with (
        aggregating(nats_url, board=the_board()),
        started_gateway(nats_url, hub, tmp_path) as gateway,
        httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
    ):
        assert await podium_import(nats_url) == "3827 imported, 0 changed, 0 known already.\n"
        await gateway.until(ENTRIES, lambda page: page.is_success and total(page) == 3827)

        counts = [
            (asked, total(await http.get(asked.paged(1).address(ENTRIES)))) for asked, _ in COUNTS
        ]

    assert counts == list(COUNTS)


async def podium_import(nats_url: str) -> str:
    """What it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "import", "contents", ROWS, "--board", the_board().name),
        env=os.environ | {"NATS_URL": nats_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode()


def total(page: httpx.Response) -> int:
    found: int = page.json()["total"]
    return found
