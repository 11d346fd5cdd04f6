from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from cli.stack import Stack, StackOptions, running_stack
from demo.content import DemoContent, default_root, ensure_content
from localhub.process import running_localhub
from runtime.ports import free_port
from runtime.settings import REPOSITORY

StartStack = Callable[[], AbstractAsyncContextManager[Stack]]


@pytest.fixture(scope="session")
def demo_content() -> DemoContent:
    """The demo's models and data, made on the first use and then taken from the user's cache."""
    return ensure_content(default_root(), print)


@pytest.fixture(scope="session")
def hub_url(demo_content: DemoContent) -> Iterator[str]:
    with running_localhub(demo_content.root) as url:
        yield url


@pytest.fixture
def start_stack(hub_url: str, tmp_path: Path) -> StartStack:
    """Start every process on a folder of the test's own; a second start goes on with its data."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Stack]:
        options = StackOptions(
            data=tmp_path / "podium",
            hub_url=hub_url,
            boards=REPOSITORY / "boards",
            port=free_port(),
            environment=demo_environment(),
        )
        async with running_stack(options) as stack:
            yield stack

    return start
