"""One request for a page: what every page is given, and how its parts keep up with the bus."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Template

from contracts.board import Board
from services.gateway.dependencies import CallerDependency, StoreDependency
from services.gateway.identity.access import Caller
from services.gateway.pages.navigation import navigation
from services.gateway.state.store import Version, ViewStore

# One address answers with the whole page or with a part of it, so caches have to tell them apart.
_HEADERS = {"Vary": "HX-Target, HX-Request-Type", "Cache-Control": "private, no-cache"}
_CATCH_UP_S = 2.0


@dataclass(frozen=True)
class Visit:
    store: ViewStore
    caller: Caller
    path: str
    part: str | None
    """Id of the element whose content is wanted; None for the whole page."""

    def page(
        self,
        name: str,
        context: Mapping[str, Any],
        *,
        board: Board | None,
        parts: Collection[str] = (),
        follows_every_board: bool = False,
    ) -> Template:
        """`<name>/page.html`, or `<name>/_<part>.html` when htmx asks for one of its `parts`. It
        follows what happens on its board, or on all."""
        wanted = f"_{self.part}" if self.part in parts else "page"
        path = f"/boards/{board.name}" if board and self.path == "/" else self.path
        shell = frame(self.store, board, path, self.caller) | {
            "followed": board.name if board and not follows_every_board else "",
            "version": str(self.store.version),
        }
        return Template(
            f"{name}/{wanted}.html", context={**shell, **context}, headers=dict(_HEADERS)
        )

    def any_board(self) -> Board | None:
        """For pages that belong to none: where their navigation leads."""
        return any_board(self.store)


def any_board(store: ViewStore) -> Board | None:
    return store.boards.get(min(store.boards, default=""))


def frame(
    store: ViewStore, board: Board | None, path: str, caller: Caller | None
) -> dict[str, object]:
    """What the header is made of, on pages that follow nothing as well."""
    return {
        "boards": [store.boards[name] for name in sorted(store.boards)],
        "board": board,
        "navigation": navigation(path, board, caller),
        "caller": caller,
    }


async def visit(
    request: Request[Caller, None, State], store: StoreDependency, caller: CallerDependency
) -> Visit:
    await _catch_up(store, request.headers.get("Podium-At", ""))
    part = None
    if request.headers.get("HX-Request-Type") == "partial":
        part = request.headers.get("HX-Target", "").partition("#")[2]
    return Visit(store, caller, request.url.path, part)


VisitDependency = NamedDependency[SkipValidation[Visit]]


async def _catch_up(store: ViewStore, at: str) -> None:
    """Behind a load balancer, the gateway that sent the news may be ahead of this one."""
    if version := Version.parse(at):
        with suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_S):
                await store.reached(version)
