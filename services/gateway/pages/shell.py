"""What every page is given, and how its parts keep up with the bus."""

import asyncio
from contextlib import suppress
from typing import Any

from services.gateway.store import Version, ViewStore

_CATCH_UP_S = 2.0


async def catch_up(store: ViewStore, at: str | None) -> None:
    """Behind a load balancer, the gateway that sent the news may be ahead of this one."""
    if version := Version.parse(at or ""):
        with suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_S):
                await store.reached(version)


def shell(store: ViewStore, board: str | None) -> dict[str, Any]:
    """What the page needs to go on from where it was rendered."""
    return {
        "boards": [store.boards[name] for name in sorted(store.boards)],
        "live_board": board,
        "version": str(store.version),
    }
