"""Every page there is, for the tests that hold for all of them and for scripts/screenshots."""

from dataclasses import dataclass

from tests.pages.world import BOARD, REQUESTS


@dataclass(frozen=True)
class Address:
    name: str
    """Of the screenshot."""
    path: str
    in_docs: bool = False
    """Whether docs/images has it."""


ADDRESSES = (
    Address("board", f"/boards/{BOARD.name}", in_docs=True),
    Address("submit", "/submit"),
    Address("queue", "/queue"),
    Address("queue-failed", "/queue?state=failed"),
    Address("insights", f"/boards/{BOARD.name}/insights", in_docs=True),
    Address("about", f"/boards/{BOARD.name}/about"),
    Address("request-running", f"/requests/{REQUESTS['running'].sid}"),
    Address("request-failed", f"/requests/{REQUESTS['failed'].sid}"),
    Address("request-rejected", f"/requests/{REQUESTS['rejected'].sid}"),
    Address("request-finished", f"/requests/{REQUESTS['finished'].sid}"),
    Address("api", "/docs/api"),
    Address("events", "/docs/events"),
)
