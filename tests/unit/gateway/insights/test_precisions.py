from contracts.models import Precision
from services.gateway.insights.chart import Mark
from services.gateway.insights.precisions import effect_of_precision
from tests.unit.gateway.insights.rows import a_scope, a_scored, rows_of

F16, BF16, INT4 = Precision.FLOAT16, Precision.BFLOAT16, Precision.INT4


def test_a_pair_is_one_commit_that_differs_in_nothing_but_its_precision() -> None:
    rows = rows_of(
        a_scored("acme/pair", 30, precision=F16),
        a_scored("acme/pair", 31, precision=BF16),
        a_scored("acme/templated", 30, precision=F16),
        a_scored("acme/templated", 50, precision=BF16, chat_template=True),
        a_scored("acme/alone", 30, precision=F16),
        a_scored("acme/unscored", None, precision=F16),
        a_scored("acme/unscored", 40, precision=BF16),
    )

    insight = effect_of_precision(rows, a_scope())

    columns = ("Model", "One precision", "Other precision", "Difference")
    assert insight.table.select(columns).rows() == [("acme/pair", "float16", "bfloat16", 1.0)]
    assert insight.reading == (
        "acme/pair differs most: 1.00 points more at bfloat16 than at float16."
    )


def test_three_precisions_make_three_pairs_of_which_the_largest_comes_first() -> None:
    rows = rows_of(
        *(
            a_scored("acme/thrice", average, precision=precision)
            for average, precision in ((20, INT4), (30, F16), (31, BF16))
        )
    )

    insight = effect_of_precision(rows, a_scope())

    assert insight.table["Difference"].to_list() == [-11.0, -10.0, 1.0]
    assert insight.reading.startswith("Half of the 3 pairs differ by less than 10.00 points;")
    assert insight.chart is not None
    points = {one.name: one.x for one in insight.chart.series if one.mark is Mark.POINTS}
    assert points == {
        "bfloat16 instead of float16": [1.0],
        "4bit instead of float16": [-10.0],
        "4bit instead of bfloat16": [-11.0],
    }


def test_without_a_pair_there_is_nothing_to_draw() -> None:
    insight = effect_of_precision(rows_of(a_scored("acme/alone", 30)), a_scope())

    assert insight.chart is None
    assert "two precisions" in insight.reading
