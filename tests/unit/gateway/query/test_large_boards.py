"""What is done only where there are many rows finds what every row alone would say."""

from collections.abc import Callable
from functools import cache

import polars as pl
import pytest

from services.gateway.query.asked import Asked
from services.gateway.query.columns import FOLDED_NAME
from services.gateway.query.engine import Found, Ranked, find
from services.gateway.query.frame import Snapshot
from tests.unit.gateway.examples import a_ranked_board, an_entry

FACTS = {
    "acme/Llama-7b": 90.0,
    "acme/llama-70b": 90.0,
    "bob/qwen-7b": 10.0,
    "bob/qwen-14b-chat": None,
    "eve/phi-chat": 50.0,
}
COPIES = 6_000
SEARCHES: dict[str, Callable[[str], bool]] = {
    "llama": lambda name: "llama" in name,
    "llama 7b": lambda name: "llama" in name and "7b" in name,
    "qwen -chat -7b-1": lambda name: "qwen" in name and "chat" not in name and "7b-1" not in name,
    "phi; qwen; 0b": lambda name: any(part in name for part in ("phi", "qwen", "0b")),
    "acme/.*7b 99; -a": lambda name: ("llama-7b" in name and "99" in name) or "a" not in name,
    r"chat-\d+9$ phi": lambda name: "phi" in name and name[-1] == "9" and name[-2] != "-",
    "-7b @model:=eve/phi-chat-19": lambda name: name == "eve/phi-chat-19",
    "b-17 @average:>30": lambda name: "b-17" in name and "llama" in name,
}


@cache
def board() -> Ranked:
    """Five rows again and again: thousands share an average, thousands have none."""
    few = a_ranked_board(*(an_entry(name, facts=facts) for name, facts in FACTS.items())).snapshot
    number = pl.int_range(pl.len()).cast(pl.String)
    rows = pl.concat([few.rows] * COPIES).with_columns(
        pl.format("{}-{}", name, number).alias(name) for name in ("model", FOLDED_NAME, "id")
    )
    return Ranked(Snapshot(few.board, few.columns, rows, few.levels, "1"))


def ask(asked: Asked) -> Found:
    return find(board(), asked.query(board().snapshot.columns))


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_finds_the_rows_that_meet_it(search: str) -> None:
    names = board().snapshot.rows[FOLDED_NAME].to_list()
    expected = {name for name in names if SEARCHES[search](name)}
    assert expected

    first, again = ask(Asked(search=search)), ask(Asked(search=search))

    assert set(first.rows[FOLDED_NAME]) == expected
    assert first.total == again.total == len(expected)


def test_searches_that_share_words_do_not_disturb_one_another() -> None:
    totals = {search: ask(Asked(search=search)).total for search in SEARCHES}

    for search in reversed(SEARCHES):
        assert ask(Asked(search=search)).total == totals[search]
    assert ask(Asked(search="-llama")).total == len(FACTS) * COPIES - totals["llama"]


@pytest.mark.parametrize("sort", ["-average", "average", "rank", "model", "-id", "moe", "-likes"])
def test_pages_follow_the_order_of_all_rows(sort: str) -> None:
    whole = ask(Asked(sort=sort)).rows["id"].to_list()

    paged: list[str] = []
    after: str | None = None
    while len(paged) < len(whole):
        page = ask(Asked(sort=sort, limit=7_000, after=after))
        assert page.total == len(whole)
        paged += page.rows["id"].to_list()
        after = page.next

    assert paged == whole
    assert after is None
