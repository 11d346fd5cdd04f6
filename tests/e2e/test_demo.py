"""`podium demo` as a newcomer runs it: one process, one page, and nothing left at the end."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from demo.content import DemoContent
from tests.browser import needs_chromium, open_page
from tests.integration.gateway.browsers import hub_confirms
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTLES_S = 300
MARK = "PODIUM_TEST_MARK"


@dataclass
class RunningDemo:
    process: asyncio.subprocess.Process
    mark: str
    """Stands in the environment of every process of this demo."""
    url: str
    expectations: dict[str, str]
    """What each model is there to show, by repository."""

    async def line_with(self, text: str) -> str:
        """The next line of output that holds `text`."""
        assert self.process.stdout
        async with asyncio.timeout(SETTLES_S):
            while line := (await self.process.stdout.readline()).decode():
                if text in line:
                    return line
        raise AssertionError(f"the demo ended without saying {text!r}")

    async def get(self, path: str) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            items: list[dict[str, Any]] = (await http.get(path)).raise_for_status().json()["items"]
        return items


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(demo_content: DemoContent) -> AsyncIterator[RunningDemo]:
    mark = uuid4().hex
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "demo", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "200", MARK: mark},
        start_new_session=True,
    )
    running = RunningDemo(
        process, mark, "", {s.model: s.expectation for s in demo_content.submissions}
    )
    line = await running.line_with("The board:")
    running.url = re.findall(r"http://\S+", line)[0]
    yield running
    if process.returncode is None:
        process.kill()
        await process.wait()


@needs_chromium
async def test_rows_come_in_without_a_reload(demo: RunningDemo) -> None:
    async with open_page() as page:
        await page.goto(demo.url)
        await page.evaluate("document.body.dataset.opened = 'once'")

        third_row = page.locator("table.board tbody tr").nth(2)
        await expect(third_row).to_be_attached(timeout=SETTLES_S * 1000)

        assert await page.evaluate("document.body.dataset.opened") == "once"


async def test_the_board_ranks_models_by_real_scores(demo: RunningDemo) -> None:
    await demo.line_with("Still serving")

    entries = await demo.get("/api/v1/boards/demo/entries")

    ranked = [entry for entry in entries if entry["rank"] is not None]
    assert len(ranked) >= 6
    assert {entry["model"] for entry in ranked} == {
        model for model, shows in demo.expectations.items() if shows.startswith("ranked")
    }
    averages = [entry["average"] for entry in ranked]
    assert averages == sorted(averages, reverse=True)
    by_model = {e["model"].partition("/")[2]: e for e in ranked if e["precision"] == "float32"}
    untrained, short, long = (by_model[f"llama-400k-{n}"] for n in ("untrained", "short", "long"))
    assert untrained["average"] < short["average"] < long["average"]
    arithmetic = by_model["llama-400k-arithmetic"]["scores"]["arithmetic"]["normalized"]
    assert arithmetic > long["scores"]["arithmetic"]["normalized"]


async def test_refusals_and_failures_say_why_and_what_to_do(demo: RunningDemo) -> None:
    async with httpx.AsyncClient(base_url=demo.url, timeout=30) as http:
        details = {
            request["model"]: (await http.get(request["status_url"])).json()
            for request in await demo.get("/api/v1/requests?limit=100")
        }

    refused = {model: d["reasons"] for model, d in details.items() if d["state"] == "rejected"}
    failed = {model: d["failure"] for model, d in details.items() if d["state"] == "failed"}
    codes = {model.partition("/")[2]: {r["code"] for r in rs} for model, rs in refused.items()}
    assert codes == {
        "llama-400k-no-license": {"license-missing"},
        "llama-400k-pickle-only": {"safetensors-missing"},
        "llama-400k-remote-code": {"remote-code-needed"},
    }
    [failure] = failed.values()
    assert set(failed) == {"podium-demo/llama-400k-nan-weights"}
    assert (failure["cause"], failure["reason"]["code"]) == ("model", "weights-not-finite")
    for reason in (*(r for rs in refused.values() for r in rs), failure["reason"]):
        assert reason["message"]
        assert reason["advice"]


async def test_a_visitor_signs_in_with_the_token_of_the_demo(
    demo: RunningDemo, demo_content: DemoContent
) -> None:
    async with httpx.AsyncClient(base_url=demo.url, timeout=30) as http:
        nameless = (await http.get("/api/v1/me")).json()
        begun = await http.get("/sign-in")
        await http.get(await hub_confirms(begun.headers["location"], demo_content.token))
        me = (await http.get("/api/v1/me")).json()

    assert (nameless["open"], nameless["can_sign_in"]) == (True, True)
    assert me["name"] == "demo"


@needs_chromium
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_the_screen(
    demo: RunningDemo, width: int, scheme: Literal["light", "dark"], tmp_path: Path
) -> None:
    # `PODIUM_SCREENSHOTS=folder` keeps the pictures, for people to look at.
    folder = Path(os.environ.get("PODIUM_SCREENSHOTS", tmp_path))
    async with open_page(width, color_scheme=scheme) as page:
        await page.goto(demo.url)

        await page.screenshot(path=folder / f"board-{width}-{scheme}.png", full_page=True)

        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.locator("table").first.is_visible()


async def test_an_interrupt_ends_every_process(demo: RunningDemo) -> None:
    demo.process.send_signal(signal.SIGINT)
    async with asyncio.timeout(60):
        status = await demo.process.wait()

    assert status == 0
    # What was killed is gone a moment later.
    await until(lambda: not processes_marked(demo.mark))


def processes_marked(mark: str) -> list[str]:
    """Command lines of the processes that have `mark` in their environment."""
    return [
        (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        for process in Path("/proc").glob("[0-9]*")
        if f"{MARK}={mark}".encode() in _environment(process)
    ]


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
