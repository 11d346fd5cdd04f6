"""Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from playwright.async_api import Page, async_playwright, expect

# A page waits for NATS, a gateway and the browser, on a machine that may be busy.
expect.set_options(timeout=20_000)

CHROMIUM = shutil.which("chromium") or ""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("PODIUM_NO_SKIPS"),
    reason="Chromium is not installed (apt-get install chromium)",
)


@asynccontextmanager
async def open_page(
    width: int = 1440, color_scheme: Literal["light", "dark"] = "light", *, scripts: bool = True
) -> AsyncIterator[Page]:
    """A page that fails the test when the browser reports an error of the page's own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Debian's build cannot use its sandbox as root, and would look for updates.
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        page = await browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme=color_scheme,
            java_script_enabled=scripts,
        )
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if message.type == "error" else None,
        )
        yield page
        await browser.close()
        assert errors == []
