"""Pictures of the pages in `addresses.py`, of a generated leaderboard or of one that runs.

python -m tests.pages.screenshots FOLDER [--all] [--only NAME] [--url URL]
"""

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Browser

from runtime.settings import REPOSITORY
from tests.browser import ColorScheme, launched_browser, watched_page
from tests.pages.addresses import ADDRESSES, Address
from tests.pages.world import full_board, running_world

DOCS = REPOSITORY / "docs" / "images"
_WIDTHS = {"": 1440, "-phone": 390}
_SCHEMES: tuple[ColorScheme, ...] = ("light", "dark")


async def main() -> None:
    parser = argparse.ArgumentParser(description="Take pictures of the pages.")
    parser.add_argument("folder", type=Path, nargs="?", default=DOCS)
    parser.add_argument("--all", action="store_true", help="every page, not only those of the docs")
    parser.add_argument("--url", help="of a running gateway; a generated one without it")
    parser.add_argument("--only", help="the name of one page")
    asked = parser.parse_args()
    wanted = [
        one
        for one in ADDRESSES
        if (one.name == asked.only if asked.only else asked.all or one.in_docs)
    ]
    asked.folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        url = asked.url
        if not url:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = (await stack.enter_async_context(running_world(scratch, full_board()))).url
        browser = await stack.enter_async_context(launched_browser())
        for address in wanted:
            await _take(browser, url, address, asked.folder)


async def _take(browser: Browser, url: str, address: Address, folder: Path) -> None:
    for suffix, width in _WIDTHS.items():
        for color_scheme in _SCHEMES:
            path = folder / f"{address.name}{suffix}-{color_scheme}.png"
            async with watched_page(browser, width, color_scheme) as page:
                await page.goto(url + address.path)
                await page.evaluate("document.fonts.ready")
                await page.locator(address.drawn).wait_for(state="attached")
                await page.screenshot(path=path)


if __name__ == "__main__":
    asyncio.run(main())
