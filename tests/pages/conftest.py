"""One world and one browser for all tests of pages; each test gets pages of its own.

`visit` opens a page of `world`; it fails the test when the browser reports an error. A test that
changes more than it can take back asks for a world of its own with `running_world`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser import launched_browser, needs_chromium, until_it_is_there, watched_page
from tests.pages.evaluated import evaluated_world
from tests.pages.world import World, full_board, running_world

Visit = Callable[..., AbstractAsyncContextManager[Page]]
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They share a browser, so they share its event loop."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(needs_chromium)
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched_browser() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A full board; for tests that leave it as they found it."""
    async with running_world(tmp_path_factory.mktemp("world"), full_board()) as world:
        yield world


@pytest.fixture
def visit(browser: Browser, world: World) -> Visit:
    """`async with visit("/boards/demo", width=390, color_scheme="dark") as page`; what else it
    takes is `watched_page`'s."""

    @asynccontextmanager
    async def open_there(path: str, **how: Any) -> AsyncIterator[Page]:
        async with watched_page(browser, **how) as page:
            await page.goto(world.url + path)
            await until_it_is_there(page)
            yield page

    return open_there


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def evaluated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Two models whose samples are kept, among some of the full board's rows."""
    async with evaluated_world(tmp_path_factory.mktemp("evaluated")) as world:
        yield world


@pytest.fixture
def look(browser: Browser, evaluated: World) -> Visit:
    """`visit`, in the world of `evaluated`."""

    @asynccontextmanager
    async def open_there(path: str, **how: Any) -> AsyncIterator[Page]:
        async with watched_page(browser, **how) as page:
            await page.goto(evaluated.url + path)
            await until_it_is_there(page)
            yield page

    return open_there
