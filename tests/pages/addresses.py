"""Every page there is, for the tests that hold for all of them and for scripts/screenshots."""

from dataclasses import dataclass

from tests.pages.world import BOARD, REQUESTS, entries


@dataclass(frozen=True)
class Address:
    name: str
    """Of the screenshot."""
    path: str
    in_docs: bool = False
    """Whether docs/images has it."""
    drawn: str = "main"
    """Selector of what has to be there before the screenshot is taken."""


_BEST = sorted(entries(), key=lambda entry: entry.average or 0, reverse=True)[:3]

ADDRESSES = (
    Address("board", f"/boards/{BOARD.name}", in_docs=True),
    Address("submit", "/submit"),
    Address("moderation", "/moderation"),
    Address("operation", "/operation"),
    Address("dead-letters", "/moderation/dead-letters"),
    Address("queue", "/queue"),
    Address("queue-failed", "/queue?state=failed"),
    Address(
        "insights",
        f"/boards/{BOARD.name}/insights",
        in_docs=True,
        drawn="#insight-size [data-plot-state][hidden]",
    ),
    Address("model", f"/models/{_BEST[0].repo_id}"),
    Address("rescorings", f"/boards/{BOARD.name}/rescorings"),
    Address("samples-none", f"/boards/{BOARD.name}/entries/{_BEST[0].sid}/samples"),
    Address("compare", f"/compare?ids={','.join(entry.sid for entry in _BEST)}"),
    Address("about", f"/boards/{BOARD.name}/about"),
    Address("request-running", f"/requests/{REQUESTS['running'].sid}"),
    Address("request-failed", f"/requests/{REQUESTS['failed'].sid}"),
    Address("request-rejected", f"/requests/{REQUESTS['rejected'].sid}"),
    Address("request-finished", f"/requests/{REQUESTS['finished'].sid}"),
    Address("api", "/docs/api"),
    Address("events", "/docs/events"),
)
