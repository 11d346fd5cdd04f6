"""The rows that the Open LLM Leaderboard published in February 2025, as entries of open-llm-v2:
imported and folded as an operator's are. They are not part of the repository: what needs them skips
where they are not there."""

from functools import cache

import pytest

from cli.importing.contents import read_contents
from cli.importing.tables import read_rows
from contracts.board import Board
from contracts.views import Entry
from runtime.boards import read_board
from runtime.settings import REPOSITORY
from services.gateway.query.asked import Asked
from tests.contents import PUBLISHED
from tests.unit.aggregator.imported import folded

ROWS = PUBLISHED / "contents-2025-02-12.csv.gz"
COUNTS = (
    (Asked(search="llama; 7b"), 1302),
    (Asked(search="@architecture:llama @license:apache"), 370),
    (Asked(search="llama-2-(7|13|70)b"), 14),
    (Asked(search="meta @architecture:llama; 7b @license:apache"), 391),
    (Asked(search="^mistral.*7b"), 9),
    (Asked(search="@type:chat"), 697),
    (Asked(search="meta @license:mit; @architecture:llama"), 1624),
    # The original counted 655: `OF_NO_SIZE` too.
    (Asked(size="edge"), 653),
    (Asked(size="consumer"), 321),
    (Asked(size="mid-range"), 2687),
    (Asked(size="gpu-rich"), 161),
    (Asked(official=True), 459),
    (Asked(hide=("moe",)), 3765),
    (Asked(hide=("merged",)), 3233),
    (Asked(hide=("flagged",)), 3826),
    (Asked(hide=("unavailable",)), 2533),
    (Asked(hide=("moe", "merged", "flagged", "unavailable")), 1896),
)
"""The original's documented searches, quick filters and switches, with how many rows they find."""
OF_NO_SIZE = ("google/gemma-2-2b", "pankajmathur/orca_mini_v8_1_70b")
"""What the original could not read the size of and published as 0 instead of -1; one of them has
70 billion parameters. It counted both as fit for edge devices, here they are of unknown size."""


def has_published_rows() -> bool:
    return ROWS.exists()


needs_published_rows = pytest.mark.skipif(
    not has_published_rows(), reason="the published rows are not on this machine"
)


@cache
def the_board() -> Board:
    return read_board(REPOSITORY / "boards" / "open-llm-v2.yaml")


@cache
def published_entries() -> tuple[Entry, ...]:
    """In the order of the table."""
    contents = read_contents(read_rows(ROWS), the_board(), "open-llm-leaderboard/contents")
    entries = folded(contents.events, the_board())
    return tuple(entries[event.sid] for event in contents.events)
