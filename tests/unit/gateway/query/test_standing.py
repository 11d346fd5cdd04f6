"""Averages, ranks and how sure they are."""

import random
from math import sqrt
from typing import Any

import pytest

from contracts.views import Entry
from services.gateway.http.errors import Refusal
from services.gateway.query.asked import Asked, Ranks
from services.gateway.query.engine import Ranked, find
from services.gateway.query.standing import Z_95
from services.gateway.query.weights import read_weighting
from tests.unit.gateway.examples import a_ranked_board, an_entry


def an_uncertain_entry(name: str, average: float, stderr: float | None) -> Entry:
    entry = an_entry(name, facts=average, grammar=average)
    return entry.model_copy(update={"average_stderr": stderr})


def rows_of(ranked: Ranked, asked: Asked | None = None) -> list[dict[str, Any]]:
    query = (asked or Asked()).query(ranked.snapshot.columns)
    return find(ranked, query).rows.to_dicts()


def test_equal_averages_share_a_rank_and_the_next_rank_is_skipped() -> None:
    rows = rows_of(
        a_ranked_board(
            an_entry("acme/third", facts=10, grammar=10),
            an_entry("acme/tie-b", facts=30, grammar=50),
            an_entry("acme/tie-a", facts=50, grammar=30),
            an_entry("acme/best", facts=90, grammar=90),
        )
    )

    assert [(row["rank"], row["model"]) for row in rows] == [
        (1, "acme/best"),
        (2, "acme/tie-a"),
        (2, "acme/tie-b"),
        (4, "acme/third"),
    ]


def test_provisional_rows_come_last_and_without_a_rank_the_most_complete_first() -> None:
    rows = rows_of(
        a_ranked_board(
            an_entry("acme/none", facts=None, grammar=None),
            an_entry("acme/half", facts=99, grammar=None),
            an_entry("acme/whole", facts=1, grammar=1),
        )
    )

    assert [(row["rank"], row["model"]) for row in rows] == [
        (1, "acme/whole"),
        (None, "acme/half"),
        (None, "acme/none"),
    ]


def test_scores_below_chance_are_ranked_below_zero() -> None:
    rows = rows_of(
        a_ranked_board(an_entry("acme/worse", facts=-4, grammar=-2), an_entry("acme/zero", facts=0))
    )

    assert [row["model"] for row in rows] == ["acme/zero", "acme/worse"]


def test_ranks_are_of_the_whole_board_unless_they_are_asked_for_among_what_is_found() -> None:
    ranked = a_ranked_board(
        an_entry("acme/best", facts=90),
        an_entry("bob/second", facts=80),
        an_entry("acme/third", facts=70),
    )

    assert [row["rank"] for row in rows_of(ranked, Asked(search="acme"))] == [1, 3]
    assert [row["rank"] for row in rows_of(ranked, Asked(search="acme", ranks=Ranks.DYNAMIC))] == [
        1,
        2,
    ]


def test_an_average_can_be_of_some_tasks_or_weighted() -> None:
    ranked = a_ranked_board(
        an_entry("acme/facts", facts=90, grammar=0), an_entry("acme/grammar", facts=0, grammar=60)
    )

    of_grammar = rows_of(ranked, Asked(tasks="grammar"))
    weighted = rows_of(ranked, Asked(weights="facts:1,grammar:3"))

    assert [(row["model"], row["average"]) for row in of_grammar] == [
        ("acme/grammar", 60),
        ("acme/facts", 0),
    ]
    assert [(row["model"], row["average"]) for row in weighted] == [
        ("acme/grammar", 45),
        ("acme/facts", 22.5),
    ]


def test_a_row_is_ranked_by_the_tasks_that_count_although_others_are_outstanding() -> None:
    ranked = a_ranked_board(an_entry("acme/half", facts=40, grammar=None))

    assert [row["rank"] for row in rows_of(ranked)] == [None]
    assert [(row["rank"], row["average"]) for row in rows_of(ranked, Asked(tasks="facts"))] == [
        (1, 40)
    ]
    assert rows_of(ranked, Asked(tasks="grammar"))[0]["average"] is None


def test_the_error_of_a_weighted_average_follows_from_those_of_its_scores() -> None:
    entry = an_entry(facts=40, grammar=60)
    scores = {
        "facts": entry.scores["facts"].model_copy(update={"stderr": 3.0}),
        "grammar": entry.scores["grammar"].model_copy(update={"stderr": 4.0}),
    }
    ranked = a_ranked_board(entry.model_copy(update={"scores": scores, "average_stderr": 2.5}))

    [row] = rows_of(ranked, Asked(weights="facts:1,grammar:3"))

    assert row["average_stderr"] == pytest.approx(sqrt(3.0**2 + (3 * 4.0) ** 2) / 4)
    # Equal weights are the board's own average, which the aggregator has made.
    [own] = rows_of(ranked, Asked(weights="facts:2,grammar:2"))
    assert own["average_stderr"] == 2.5


@pytest.mark.parametrize(
    "given",
    [
        ("nothing", ""),
        ("", "facts"),
        ("", "facts:x"),
        ("", "facts:-1"),
        ("", "facts:nan"),
        ("", "facts:9999999"),
        ("", "facts:0,grammar:0"),
        ("facts", "facts:0"),
    ],
    ids=str,
)
def test_weights_that_mean_nothing_are_refused(given: tuple[str, str]) -> None:
    with pytest.raises(Refusal):
        read_weighting(*given, ("facts", "grammar"))


@pytest.mark.parametrize("seed", range(5))
def test_rank_intervals_are_those_of_comparing_every_pair(seed: int) -> None:
    numbers = random.Random(seed)
    known = [(numbers.uniform(0, 100), numbers.choice([0.5, 1.0, 5.0, None])) for _ in range(60)]
    rows = rows_of(
        a_ranked_board(
            *(
                an_uncertain_entry(f"acme/m{place}", average, stderr)
                for place, (average, stderr) in enumerate(known)
            )
        )
    )

    def beats(one: dict[str, Any], other: dict[str, Any]) -> bool:
        difference = one["average"] - other["average"]
        errors = [row["average_stderr"] for row in (one, other) if row["average_stderr"]]
        scale = 1 if len(errors) == 1 else sqrt(2)
        return bool(difference > Z_95 / scale * sum(errors))

    for row in rows:
        if row["average_stderr"] is None:
            assert (row["rank_best"], row["rank_worst"]) == (None, None)
            continue
        best = 1 + sum(beats(other, row) for other in rows)
        worst = len(rows) - sum(beats(row, other) for other in rows)
        assert (row["rank_best"], row["rank_worst"]) == (best, worst)
        assert best <= row["rank"] <= worst


def test_equally_sure_rows_are_told_apart_exactly_at_95_percent() -> None:
    """The difference of two averages with errors of 1 has an error of the root of 2."""
    apart = Z_95 * sqrt(2)
    for gap, worst in [(apart * 0.999, 2), (apart * 1.001, 1)]:
        rows = rows_of(
            a_ranked_board(
                an_uncertain_entry("acme/a", 50 + gap, 1.0), an_uncertain_entry("acme/b", 50, 1.0)
            )
        )
        assert rows[0]["rank_worst"] == worst


def test_groups_begin_where_rows_can_be_told_from_the_best_of_the_group_before() -> None:
    rows = rows_of(
        a_ranked_board(
            an_uncertain_entry("acme/a", 60.0, 1.0),
            an_uncertain_entry("acme/b", 59.0, 1.0),
            an_uncertain_entry("acme/c", 50.0, 1.0),
            an_uncertain_entry("acme/unsure", 49.5, None),
            an_uncertain_entry("acme/d", 49.0, 1.0),
            an_uncertain_entry("acme/e", 30.0, 1.0),
            an_entry("acme/half", facts=1, grammar=None),
        )
    )

    assert [row["rank_group"] for row in rows] == [1, 1, 2, None, 2, 3, None]
    assert [row["rank_best"] for row in rows] == [1, 1, 3, None, 3, 6, None]
    assert [row["rank_worst"] for row in rows] == [2, 2, 5, None, 5, 6, None]


def test_an_interval_of_95_percent_goes_with_the_average() -> None:
    [row] = rows_of(a_ranked_board(an_uncertain_entry("acme/a", 50, 2.0)))

    assert row["average_low"] == pytest.approx(50 - 2 * 1.96, abs=1e-3)
    assert row["average_high"] == pytest.approx(50 + 2 * 1.96, abs=1e-3)
