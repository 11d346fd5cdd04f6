"""Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from runtime.settings import REPOSITORY

# A page waits for NATS, a gateway and the browser, on a machine that may be busy.
expect.set_options(timeout=20_000)

CHROMIUM = shutil.which("chromium") or ""
ColorScheme = Literal["light", "dark"]
_COMING_IN = "coming-in"
# Finds a document whose style sheets or scripts are not all there, or that htmx has yet to go
# through: what is hidden at this width may still be shown, and nobody hears a key.
_IS_COMING_IN = """({
  query(root) { return this.queryAll(root)[0]; },
  queryAll(root) {
    const page = root.ownerDocument ?? root;
    const waitsForHtmx = page.documentElement.dataset.js !== undefined
      && page.querySelector("[hx-get]:not([data-htmx-powered])");
    return page.readyState !== "complete" || waitsForHtmx ? [page.documentElement] : [];
  },
})"""
_AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"

needs_chromium = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("PODIUM_NO_SKIPS"),
    reason="Chromium is not installed (apt-get install chromium)",
)


@asynccontextmanager
async def launched_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        await playwright.selectors.register(_COMING_IN, _IS_COMING_IN, content_script=True)
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Debian's build cannot use its sandbox as root, and would look for updates.
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def watched_page(
    browser: Browser,
    width: int = 1440,
    color_scheme: ColorScheme = "light",
    *,
    scripts: bool = True,
    expected: tuple[int, ...] = (),
) -> AsyncIterator[Page]:
    """A page that fails the test when the browser reports an error of the page's own: an exception,
    a line in the console (where violations of the Content-Security-Policy go too), a request that
    failed or was answered with a status from 400 on that is not among the `expected`.

    Whatever is done to an element, or expected of one, waits until the page that a click or `goto`
    has led to is all there. What only reads (`inner_text`, `count`, `evaluate`) or types without an
    element (`keyboard`) does not: expect something first, or call `until_it_is_there`."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900 if width > 500 else 844},
        color_scheme=color_scheme,
        java_script_enabled=scripts,
    )
    page = await context.new_page()
    # Playwright looks for it before each step, and goes on once it is gone.
    await page.add_locator_handler(page.locator(f"{_COMING_IN}=page"), lambda: None)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text)
            # Chromium reports a status as well; the one that counts is looked at below.
            if message.type == "error" and "the server responded with a status" not in message.text
            else None
        ),
    )
    page.on(
        "response",
        lambda answer: (
            faults.append(f"{answer.status} {answer.url}")
            if answer.status >= 400 and answer.status not in expected
            else None
        ),
    )
    page.on(
        "requestfailed",
        lambda request: (
            faults.append(f"{request.failure} {request.url}")
            # What the page itself gives up, such as its event stream when it is left.
            if request.failure != "net::ERR_ABORTED"
            else None
        ),
    )
    yield page
    await context.close()
    assert faults == []


@asynccontextmanager
async def open_page(
    width: int = 1440, color_scheme: ColorScheme = "light", *, scripts: bool = True
) -> AsyncIterator[Page]:
    """The same in a browser of its own."""
    async with (
        launched_browser() as browser,
        watched_page(browser, width, color_scheme, scripts=scripts) as page,
    ):
        yield page


async def until_it_is_there(page: Page) -> None:
    """Waits for all that the page is made of."""
    await page.locator(f"{_COMING_IN}=page").wait_for(state="detached")


async def assert_still(page: Page, most: float) -> None:
    """Whether no more of the page has moved so far without anybody's doing, as Cumulative Layout
    Shift counts it: shares of the screen times the shares of it that they moved by."""
    moved: list[tuple[float, list[str]]] = await page.evaluate(
        """() => new Promise((resolve) => {
          const moved = [];
          const name = (node) => node?.id || node?.className || node?.parentElement?.outerHTML;
          new PerformanceObserver((list) => {
            for (const { value, hadRecentInput, sources } of list.getEntries()) {
              if (!hadRecentInput) moved.push([value, sources.map(({ node }) => name(node))]);
            }
          }).observe({ type: "layout-shift", buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(moved)));
        })"""
    )
    assert sum(share for share, _ in moved) < most, moved


async def accessibility_faults(page: Page, *rules: str) -> list[str]:
    """What axe-core finds serious or critical: rule, element, and what it says about it. With
    `rules`, such as `color-contrast`, it looks for nothing else."""
    await page.evaluate(_axe())  # which the page's Content-Security-Policy does not concern
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@cache
def _axe() -> str:
    assert _AXE.exists(), "axe-core is not installed: remove static/vendor and run scripts/vendor"
    return _AXE.read_text()
