from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from cli.demo import BOARDS, demo_environment
from cli.stack import Stack, StackOptions, running_stack
from demo.content import DemoContent, default_root, ensure_content
from runtime.ports import free_port


class StartStack(Protocol):
    def __call__(self, evaluators: int = 1) -> AbstractAsyncContextManager[Stack]: ...


@pytest.fixture(scope="session")
def demo_content() -> DemoContent:
    """The demo's models and data, made on the first use and then taken from the user's cache."""
    return ensure_content(default_root(), print)


@pytest.fixture
def start_stack(demo_content: DemoContent, tmp_path: Path) -> StartStack:
    """Start every process on a folder of the test's own; a second start goes on with its data."""

    @asynccontextmanager
    async def start(evaluators: int = 1) -> AsyncIterator[Stack]:
        options = StackOptions(
            data=tmp_path / "podium",
            hub=demo_content.root,
            boards=BOARDS,
            port=free_port(),
            evaluators=evaluators,
            environment=demo_environment(demo_content),
        )
        async with running_stack(options) as stack:
            yield stack

    return start
