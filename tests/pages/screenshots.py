"""Pictures of the pages in `addresses.py`: for docs/, of the showcase; with `--all` of every page
there is. They are made smaller, without a loss, where optipng is installed.

python -m tests.pages.screenshots [FOLDER] [--all] [--only NAME] [--url URL]
"""

import argparse
import asyncio
import shutil
import subprocess
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Browser

from runtime.settings import REPOSITORY
from tests.browser import ColorScheme, launched_browser, watched_page
from tests.pages.addresses import ADDRESSES, Address
from tests.pages.showcase import showcase

DOCS = REPOSITORY / "docs" / "images"
_DESK, _PHONE = 1440, 390
_SCHEMES: tuple[ColorScheme, ...] = ("light", "dark")
_OPTIMIZER = shutil.which("optipng")


async def main() -> None:
    parser = argparse.ArgumentParser(description="Take pictures of the pages.")
    parser.add_argument("folder", type=Path, nargs="?", default=DOCS)
    parser.add_argument("--all", action="store_true", help="every page, not only those of the docs")
    parser.add_argument("--url", help="of a running gateway; of the showcase without it")
    parser.add_argument("--only", help="the name of one page")
    asked = parser.parse_args()
    wanted = [
        one for one in (ADDRESSES if asked.all else _of_docs()) if asked.only in (None, one.name)
    ]
    asked.folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        url = asked.url
        if not url:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = (await stack.enter_async_context(showcase(scratch))).url
        browser = await stack.enter_async_context(launched_browser())
        for address in wanted:
            await _take(browser, url, address, _DESK, asked.folder / address.name)
            if asked.all or address.on_phone:
                await _take(browser, url, address, _PHONE, asked.folder / f"{address.name}-phone")


def _of_docs() -> list[Address]:
    return [replace(one, path=one.in_docs) for one in ADDRESSES if one.in_docs]


async def _take(browser: Browser, url: str, address: Address, width: int, to: Path) -> None:
    """As `<to>-light.png` and `<to>-dark.png`."""
    for color_scheme in _SCHEMES:
        path = to.with_name(f"{to.name}-{color_scheme}.png")
        async with watched_page(browser, width, color_scheme) as page:
            await page.goto(url + address.path)
            await page.evaluate("document.fonts.ready")
            await page.locator(address.drawn).wait_for(state="attached")
            await page.screenshot(path=path)
        if _OPTIMIZER:
            subprocess.run([_OPTIMIZER, "-quiet", "-strip", "all", path], check=True)


if __name__ == "__main__":
    asyncio.run(main())
