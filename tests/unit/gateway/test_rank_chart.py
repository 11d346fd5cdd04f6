"""A history of ranks in sentences, and as lines that break where there was none."""

from datetime import timedelta

from services.gateway.insights.chart import Mark, milliseconds
from services.gateway.models.rank_chart import ranks_chart, reading, told
from services.gateway.models.ranks import History, Point, Why
from tests.unit.gateway.examples import NOON

DAY = timedelta(days=1)
CAME = Point(NOON, 3, 10, 50.0, Why.ENTERED)
PASSED = Point(NOON + DAY, 5, 14, 50.0, Why.OTHERS, came=3, went=1)
RESCORED = Point(NOON + 2 * DAY, 4, 14, 48.5, Why.RESCORED)
LEFT = Point(NOON + 3 * DAY, None, 13, None, Why.LEFT)
BACK = Point(NOON + 5 * DAY, 4, 14, 48.5, Why.ENTERED)
LIFE = (CAME, PASSED, RESCORED, LEFT, BACK)


def test_it_is_read_from_where_it_is_to_what_moved_it_farthest() -> None:
    assert reading(LIFE) == (
        "Rank 4 of 14, after rank 3 of 10 when it came in on 1 Jan 2026. Its largest step is"
        " that of 2 Jan 2026: 3 others came in above it, 1 other fell below it or left."
    )
    assert reading(LIFE[:1]) == "Rank 3 of 10 ever since it came in on 1 Jan 2026."
    assert reading(LIFE[:4]).startswith("It is not ranked any more, after rank 3 of 10")


def test_every_change_is_a_sentence() -> None:
    own = Point(NOON + DAY, 2, 14, 52.25, Why.AVERAGE)

    assert told(own, CAME) == "Its average went from 50.00 to 52.25."
    rescored = "The board was re-scored, its average went from 50.00 to 48.50."
    assert told(RESCORED, PASSED) == rescored
    assert told(BACK, LEFT) == "It came onto the board."


def test_the_line_ends_where_there_is_no_rank_and_goes_on_to_the_end() -> None:
    end = NOON + 9 * DAY
    chart = ranks_chart(History(LIFE, end)).chart
    assert chart

    line = chart.series[-1]

    assert line.mark is Mark.LINE
    assert list(zip(line.x, line.y, strict=True)) == [
        (milliseconds(at), rank)
        for at, rank in (
            (CAME.at, 3),
            (PASSED.at, 5),
            (RESCORED.at, 4),
            (LEFT.at, 4),
            (LEFT.at, None),
            (BACK.at, 4),
            (end, 4),
        )
    ]
    assert [(one.name, list(one.y)) for one in chart.series[:-1]] == [
        ("Came onto the board", [3, 4]),
        ("The board was re-scored", [4]),
        ("Left the board", [4]),
    ]


def test_the_table_has_the_newest_first() -> None:
    table = ranks_chart(History(LIFE, None)).table

    assert table["Since"].to_list() == [point.at for point in reversed(LIFE)]
    assert table["Rank"].to_list() == [4, None, 4, 5, 3]


def test_without_a_rank_nothing_is_drawn() -> None:
    assert ranks_chart(History((), NOON)).chart is None
