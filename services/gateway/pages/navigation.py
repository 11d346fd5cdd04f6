"""Where the header leads. A page that has an entry here is one line."""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.board import Board
from services.gateway.identity.access import Caller


@dataclass(frozen=True)
class Destination:
    title: str
    path: str
    """`{board}` stands for the board that the visitor looks at."""
    for_moderators: bool = False


@dataclass(frozen=True)
class Link:
    title: str
    path: str
    is_current: bool


_DESTINATIONS = (
    Destination("Board", "/boards/{board}"),
    Destination("Insights", "/boards/{board}/insights"),
    Destination("Compare", "/compare"),
    Destination("Queue", "/queue"),
    Destination("Submit", "/submit"),
    Destination("Moderation", "/moderation", for_moderators=True),
    Destination("Operation", "/operation", for_moderators=True),
    Destination("About", "/boards/{board}/about"),
)


def navigation(path: str, board: Board | None, caller: Caller | None) -> tuple[Link, ...]:
    """The entry that `path` lies under is the current one; of several, the deepest."""
    offered = list(_offered(board, caller))
    under = [there for _, there in offered if path == there or path.startswith(f"{there}/")]
    current = max(under, key=len, default=None)
    return tuple(Link(title, there, there == current) for title, there in offered)


def _offered(board: Board | None, caller: Caller | None) -> Iterator[tuple[str, str]]:
    for one in _DESTINATIONS:
        if one.for_moderators and not (caller and caller.is_moderator):
            continue
        if board:
            yield one.title, one.path.format(board=board.name)
        elif "{board}" not in one.path:
            yield one.title, one.path
