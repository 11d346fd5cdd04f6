from services.gateway.ranking import ranked
from tests.unit.gateway.examples import an_entry


def test_equal_averages_share_a_rank_and_the_next_rank_is_skipped() -> None:
    rows = ranked(
        [
            an_entry("acme/third", facts=10, grammar=10),
            an_entry("acme/tie-b", facts=30, grammar=50),
            an_entry("acme/tie-a", facts=50, grammar=30),
            an_entry("acme/best", facts=90, grammar=90),
        ]
    )

    assert [(row.rank, row.entry.repo_id) for row in rows] == [
        (1, "acme/best"),
        (2, "acme/tie-a"),
        (2, "acme/tie-b"),
        (4, "acme/third"),
    ]


def test_provisional_rows_come_last_and_without_a_rank_the_most_complete_first() -> None:
    rows = ranked(
        [
            an_entry("acme/none", facts=None, grammar=None),
            an_entry("acme/half", facts=99, grammar=None),
            an_entry("acme/whole", facts=1, grammar=1),
        ]
    )

    assert [(row.rank, row.entry.repo_id) for row in rows] == [
        (1, "acme/whole"),
        (None, "acme/half"),
        (None, "acme/none"),
    ]


def test_scores_below_chance_are_ranked_below_zero() -> None:
    rows = ranked([an_entry("acme/worse", facts=-4, grammar=-2), an_entry("acme/zero", facts=0)])

    assert [row.entry.repo_id for row in rows] == ["acme/zero", "acme/worse"]
