"""Every page there is, for the tests that hold for all of them and for scripts/screenshots."""

from dataclasses import dataclass

from tests.pages.showcase import BASE, CHAT, MERGE, ON_THE_HUB
from tests.pages.world import BOARD, REQUESTS, entries


@dataclass(frozen=True)
class Address:
    name: str
    """Of the screenshot."""
    path: str
    in_docs: str = ""
    """Its path in the showcase, where docs/images has a picture of it."""
    on_phone: bool = False
    """Whether it is there as a phone shows it, too."""
    drawn: str = "main"
    """Selector of what has to be there before the screenshot is taken."""


_BEST = sorted(entries(), key=lambda entry: entry.average or 0, reverse=True)[:3]

ADDRESSES = (
    Address("board", f"/boards/{BOARD.name}", in_docs=f"/boards/{BOARD.name}", on_phone=True),
    Address("submit", "/submit", in_docs=f"/submit?model={ON_THE_HUB}"),
    Address("moderation", "/moderation", in_docs="/moderation"),
    Address("operation", "/operation", in_docs="/operation"),
    Address("dead-letters", "/moderation/dead-letters"),
    Address("queue", "/queue", in_docs="/queue"),
    Address("queue-failed", "/queue?state=failed"),
    Address(
        "insights",
        f"/boards/{BOARD.name}/insights",
        in_docs=f"/boards/{BOARD.name}/insights",
        drawn="#insight-size [data-plot-state][hidden]",
    ),
    Address("model", f"/models/{_BEST[0].repo_id}", in_docs=f"/models/{CHAT.repo_id}"),
    Address("rescorings", f"/boards/{BOARD.name}/rescorings"),
    Address("samples-none", f"/boards/{BOARD.name}/entries/{_BEST[0].sid}/samples"),
    Address(
        "compare",
        f"/compare?ids={','.join(entry.sid for entry in _BEST)}",
        in_docs=f"/compare?ids={BASE.sid},{CHAT.sid},{MERGE.sid}",
    ),
    Address("about", f"/boards/{BOARD.name}/about", in_docs=f"/boards/{BOARD.name}/about"),
    Address(
        "request-running",
        f"/requests/{REQUESTS['running'].sid}",
        in_docs=f"/requests/{REQUESTS['running'].sid}",
    ),
    Address("request-received", f"/requests/{REQUESTS['received'].sid}"),
    Address("request-waiting", f"/requests/{REQUESTS['waiting'].sid}"),
    Address("request-failed", f"/requests/{REQUESTS['failed'].sid}"),
    Address("request-rejected", f"/requests/{REQUESTS['rejected'].sid}"),
    Address("request-finished", f"/requests/{REQUESTS['finished'].sid}"),
    Address("api", "/docs/api"),
    Address("events", "/docs/events"),
    Address("rules", "/docs/rules"),
)
