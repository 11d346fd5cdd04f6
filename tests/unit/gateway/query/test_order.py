"""Orders and pages."""

from datetime import timedelta
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.views import Entry
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.asked import Asked
from services.gateway.query.engine import Ranked, find
from services.gateway.query.frame import BoardFrame
from services.gateway.query.rows import EntryRow
from tests.unit.gateway.examples import NOON, a_board, a_ranked_board, a_row, an_entry

ENTRIES = [
    an_entry(
        f"acme/model-{place:02}",
        facts=float(place % 7) if place % 5 else None,
        grammar=float(place % 3),
    ).model_copy(
        update={
            "license": ["mit", "", "Apache-2.0", "apache-2.0"][place % 4],
            "likes": place % 6 or None,
            "submitted_at": NOON + timedelta(days=place % 9) if place % 8 else None,
        }
    )
    for place in range(60)
]
SORTS = [
    "-average",
    "average",
    "license,-likes",
    "-submitted",
    "merged,-model",
    "-facts,grammar",
    "rank",
    "",
]


def pages(ranked: Ranked, sort: str, limit: int) -> list[str]:
    """Submission ids, page by page."""
    found: list[str] = []
    after: str | None = None
    while True:
        asked = Asked(sort=sort, limit=limit, after=after)
        page = find(ranked, asked.query(ranked.snapshot.columns))
        assert page.total == ranked.snapshot.rows.height
        found += page.rows["id"].to_list()
        after = page.next
        if after is None:
            return found
        assert page.rows.height == limit


@pytest.mark.parametrize("sort", SORTS)
def test_pages_hold_every_row_once_in_the_order_of_one_page(sort: str) -> None:
    ranked = a_ranked_board(*ENTRIES)

    whole = pages(ranked, sort, 1000)

    assert len(whole) == len(set(whole)) == len(ENTRIES)
    for limit in (1, 7, 60):
        assert pages(ranked, sort, limit) == whole


def test_the_order_does_not_depend_on_how_rows_came() -> None:
    for sort in SORTS:
        assert pages(a_ranked_board(*ENTRIES), sort, 9) == pages(
            a_ranked_board(*reversed(ENTRIES)), sort, 9
        )


def test_what_is_unknown_comes_last_in_both_directions() -> None:
    ranked = a_ranked_board(*ENTRIES)

    for sort in ("license", "-license"):
        rows = find(ranked, Asked(sort=sort).query(ranked.snapshot.columns)).rows
        licenses = rows["license"].to_list()
        assert licenses[-15:] == [None] * 15
        assert None not in licenses[:-15]


def test_a_cursor_goes_on_behind_its_row_although_that_is_gone() -> None:
    ranked = a_ranked_board(*ENTRIES)
    whole = pages(ranked, "-average", 1000)
    first = find(ranked, Asked(limit=10).query(ranked.snapshot.columns))
    left = [entry for entry in ENTRIES if entry.sid not in whole[:10]]

    fewer = a_ranked_board(*left)
    second = find(fewer, Asked(limit=10, after=first.next).query(fewer.snapshot.columns))

    assert second.rows["id"].to_list() == whole[10:20]


def test_a_row_that_comes_in_before_the_cursor_moves_no_page() -> None:
    ranked = a_ranked_board(*ENTRIES)
    first = find(ranked, Asked(limit=10).query(ranked.snapshot.columns))
    more = a_ranked_board(an_entry("acme/new-best", facts=99, grammar=99), *ENTRIES)

    second = find(more, Asked(limit=10, after=first.next).query(more.snapshot.columns))

    assert second.rows["id"].to_list() == pages(ranked, "-average", 1000)[10:20]


STAY, PASS = ENTRIES[::2], ENTRIES[1::2]


def change(entry: Entry, score: float | None) -> tuple[str, EntryRow | None]:
    """Goes, or comes again with other scores."""
    changed = an_entry(entry.repo_id, facts=score, grammar=score)
    return entry.sid, None if score is None else a_row(changed)


CHANGES = st.dictionaries(st.sampled_from(range(len(PASS))), st.none() | st.floats(0, 100)).map(
    lambda drawn: dict(change(PASS[place], score) for place, score in drawn.items())
)


@settings(max_examples=60)
@given(
    st.sampled_from([*SORTS, "-rank"]),
    st.integers(4, 20),
    st.lists(CHANGES, min_size=1, max_size=5),
)
def test_while_rows_come_go_and_change_no_page_repeats_or_skips_one_that_stays(
    sort: str, limit: int, batches: list[dict[str, EntryRow | None]]
) -> None:
    frame = BoardFrame(a_board(), map(a_row, ENTRIES))
    staying = [entry.sid for entry in STAY]
    order = [sid for sid in pages(Ranked(frame.snapshot("")), sort, 1000) if sid in staying]
    found: list[str] = []
    after: str | None = None

    for batch in islice(cycle(batches), 20):
        ranked = Ranked(frame.snapshot(""))
        asked = Asked(sort=sort, limit=limit, after=after)
        page = find(ranked, asked.query(ranked.snapshot.columns))
        found += [sid for sid in page.rows["id"].to_list() if sid in staying]
        after = page.next
        if after is None:
            break
        frame.apply(batch)

    # Rows that change all the time can keep in front of the reader for ever.
    assert found == order[: None if after is None else len(found)]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "W10",
        "WzEsIi1hdmVyYWdlIixbMV1d",
        "AAAA",
        "====",
    ],
)
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    ranked = a_ranked_board(*ENTRIES)

    with pytest.raises(Refusal) as refused:
        find(ranked, Asked(after=cursor).query(ranked.snapshot.columns))

    assert refused.value.code is ErrorCode.INVALID_REQUEST


def test_a_cursor_is_for_its_own_order_and_weights() -> None:
    ranked = a_ranked_board(*ENTRIES)
    cursor = find(ranked, Asked(limit=1).query(ranked.snapshot.columns)).next

    for other in (
        Asked(sort="average", after=cursor),
        Asked(sort="-facts", after=cursor),
        Asked(weights="facts:2", after=cursor),
    ):
        with pytest.raises(Refusal):
            find(ranked, other.query(ranked.snapshot.columns))


def test_a_forged_cursor_of_the_wrong_kinds_is_refused() -> None:
    ranked = a_ranked_board(*ENTRIES)
    order = Asked().query(ranked.snapshot.columns).order

    for values in (("x", 1, "m", "i"), (1.0, "x", "m", "i"), (1.0, 1, 2, "i"), (1.0, 1, "m", 3)):
        with pytest.raises(Refusal):
            find(ranked, Asked(after=order.cursor(values)).query(ranked.snapshot.columns))


def test_changes_make_the_same_board_as_building_it_anew() -> None:
    frame = BoardFrame(a_board(), map(a_row, ENTRIES[:40]))
    changed = ENTRIES[10].model_copy(update={"likes": 1000})
    batches: list[dict[str, EntryRow | None]] = [
        {entry.sid: a_row(entry) for entry in ENTRIES[40:]},
        {changed.sid: a_row(changed), ENTRIES[0].sid: None},
        {ENTRIES[1].sid: None, "f" * 20: None},
        {},
    ]
    before = frame.snapshot("before")

    for batch in batches:
        frame.apply(batch)

    expected = a_ranked_board(changed, *ENTRIES[2:10], *ENTRIES[11:])
    ranked = Ranked(frame.snapshot("after"))
    assert pages(ranked, "-likes", 7) == pages(expected, "-likes", 7)
    assert before.rows.height == 40
