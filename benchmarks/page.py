"""What a visitor waits for on the board's page, in Debian's Chromium over loopback.

    python -m benchmarks.page

Every visit has an empty cache. Beside it, in the same run, the way of the Open LLM Leaderboard's
page: all rows as one JSON, searched and ordered in the browser, with the rows in view drawn anew on
each keystroke after the same 150 ms that it waited. Exits with 1 when a bound is missed."""

import asyncio
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from playwright.async_api import Browser, Page, Route

from benchmarks.machine import describe
from tests.browser import launched_browser, watched_page
from tests.pages.world import BOARD, entries, full_board, running_world

PACKAGES = ("litestar", "jinja2", "polars", "msgspec", "playwright")
VISITS = 5
BOARD_PAGE = f"/boards/{BOARD.name}"
ORIGINAL = "/original"
_SEARCHES = tuple(
    word[:length]
    for word in ("llama-3", "qwen2.5", "mistral", "gemma-2", "merge")
    for length in range(2, len(word) + 1)
)
_LOADED = """async () => {
  const [visit] = performance.getEntriesByType("navigation");
  let paint;
  while (!([paint] = performance.getEntriesByName("first-contentful-paint"))[0])
    await new Promise(requestAnimationFrame);
  const all = [visit, ...performance.getEntriesByType("resource")];
  return {
    paint: paint.startTime,
    ready: window.readyAt ?? visit.domContentLoadedEventEnd,
    bytes: all.reduce((total, one) => total + one.transferSize, 0),
  };
}"""
_SEARCH = """async ([text, said, attribute]) => {
  const began = performance.now();
  const box = document.getElementById("search");
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  while (document.querySelector(said)?.getAttribute(attribute) !== text)
    await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
_SCROLL = """async () => {
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask" });
  const box = document.getElementById("rows");
  const body = () => document.getElementById("ranked");
  const last = () => Number([...body().querySelectorAll(".place")].at(-1).textContent);
  let most = 0;
  const began = performance.now();
  const atEnd = () => box.scrollTop + box.clientHeight >= box.scrollHeight - 2;
  while (body().dataset.next || !atEnd()) {
    box.scrollTop += 400;
    most = Math.max(most, body().rows.length);
    await new Promise(requestAnimationFrame);
  }
  return { tasks, most, last: last(), seconds: (performance.now() - began) / 1000 };
}"""
_ORIGINAL = """<!doctype html><meta charset="utf-8"><title>One JSON</title>
<input id="search"><div id="found"></div><div id="rows"></div>
<script>
const found = document.getElementById("found");
let rows = [], waiting;
const cell = (value) => `<td>${typeof value === "number" ? value.toFixed(2) : value ?? "-"}</td>`;
function show(text) {
  const met = rows.filter((row) => row.model.toLowerCase().includes(text.toLowerCase()))
    .sort((a, b) => b.average - a.average);
  document.getElementById("rows").innerHTML = `<table>${met.slice(0, 35)
    .map((row) => `<tr>${Object.values(row).map(cell).join("")}</tr>`).join("")}</table>`;
  found.setAttribute("data-search", text);
}
document.getElementById("search").addEventListener("input", ({ target }) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => show(target.value), 150);
});
fetch("ROWS").then((answer) => answer.text()).then((text) => {
  rows = text.trim().split("\\n").map(JSON.parse);
  show("");
  window.readyAt = performance.now();
});
</script>"""


@dataclass(frozen=True)
class Bound:
    name: str
    most: float
    unit: str

    def told(self, value: float, other: float | None) -> str:
        beside = "" if other is None else f"   one JSON: {other:,.0f} {self.unit}"
        kept = "" if value <= self.most else "   MISSED"
        return (
            f"{self.name:32} {value:8,.0f} {self.unit:3} (at most {self.most:,.0f}){kept}{beside}"
        )


PAINT = Bound("first contentful paint", 600, "ms")
READY = Bound("interaction ready", 1000, "ms")
WEIGHT = Bound("first visit, compressed", 250_000, "B")
KEYSTROKE = Bound("keystroke to result, p95", 250, "ms")
TASK = Bound("longest task while scrolling", 100, "ms")


async def main() -> None:
    print(describe(torch.device("cpu"), PACKAGES))
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running_world(Path(folder), full_board()) as world,
            launched_browser() as browser,
        ):
            print(f"chromium {browser.version}, {len(entries()):,} rows, {VISITS} visits\n")
            kept = await _measure(browser, world.url)
    sys.exit(0 if kept else 1)


async def _measure(browser: Browser, url: str) -> bool:
    visits = [await _visited(browser, url + BOARD_PAGE) for _ in range(VISITS)]
    others = [await _visited(browser, url + ORIGINAL) for _ in range(VISITS)]
    async with watched_page(browser) as page:
        await page.goto(url + BOARD_PAGE)
        keystrokes = [await _search(page, "#understood", text) for text in _SEARCHES]
    async with watched_page(browser) as page:
        await _open_original(page, url + ORIGINAL)
        in_browser = [await _search(page, "#found", text) for text in _SEARCHES]
    async with watched_page(browser) as page:
        await page.goto(url + BOARD_PAGE)
        scrolled = await page.evaluate(_SCROLL)
    measured = (
        (PAINT, _median(visits, "paint"), _median(others, "paint")),
        (READY, _median(visits, "ready"), _median(others, "ready")),
        (WEIGHT, _median(visits, "bytes"), _median(others, "bytes")),
        (KEYSTROKE, _p95(keystrokes), _p95(in_browser)),
        (TASK, max(scrolled["tasks"], default=0.0), None),
    )
    for bound, value, other in measured:
        print(bound.told(value, other))
    print(
        f"scrolled to rank {scrolled['last']:,} in {scrolled['seconds']:.0f} s;"
        f" {scrolled['most']} rows at most in the page;"
        f" {len(scrolled['tasks'])} tasks above 50 ms"
    )
    return all(value <= bound.most for bound, value, _ in measured)


async def _visited(browser: Browser, address: str) -> dict[str, float]:
    async with watched_page(browser) as page:
        if address.endswith(ORIGINAL):
            await _open_original(page, address)
        else:
            await page.goto(address)
        figures: dict[str, float] = await page.evaluate(_LOADED)
        return figures


async def _open_original(page: Page, address: str) -> None:
    columns = ",".join(("model", "average", *(task.id for task in BOARD.tasks)))
    more = "type,architecture,parameters,license,precision,likes,merged,moe,flagged,available,co2"
    rows = f"/api/v1{BOARD_PAGE}/entries?format=jsonl&columns={columns},{more}"

    async def answer(route: Route) -> None:
        await route.fulfill(body=_ORIGINAL.replace("ROWS", rows), content_type="text/html")

    await page.route(address, answer)
    await page.goto(address)
    await page.locator("#rows tr").first.wait_for()


async def _search(page: Page, said: str, text: str) -> float:
    took: float = await page.evaluate(_SEARCH, [text, said, "data-search"])
    return took


def _median(figures: list[dict[str, float]], name: str) -> float:
    return statistics.median(one[name] for one in figures)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    asyncio.run(main())
