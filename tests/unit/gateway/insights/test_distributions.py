import statistics

import pytest

from contracts.models import ModelType
from services.gateway.insights.distributions import scores_by_type
from tests.unit.gateway.insights.rows import a_scope, a_scored, rows_of

CHATS = [10.0, 12.0, 20.0, 30.0, 41.0, 43.0, 60.0]


def test_quantiles_are_those_of_the_type() -> None:
    rows = rows_of(*(a_scored(f"acme/c{number}", one) for number, one in enumerate(CHATS)))

    row = scores_by_type(rows, a_scope()).table.row(0, named=True)

    quarters = statistics.quantiles(CHATS, n=4, method="inclusive")
    twentieths = statistics.quantiles(CHATS, n=20, method="inclusive")
    assert [row["25 % below"], row["Median"], row["75 % below"]] == pytest.approx(quarters)
    assert [row["5 % below"], row["95 % below"]] == pytest.approx([twentieths[0], twentieths[-1]])
    assert (row["Best"], row["Model"], row["Rows"]) == (60.0, "acme/c6", 7)


def test_the_sentence_is_about_types_of_which_there_are_some() -> None:
    rows = rows_of(
        *(a_scored(f"acme/c{number}", one) for number, one in enumerate(CHATS)),
        *(
            a_scored(f"acme/m{number}", one + 5, model_type=ModelType.MERGE)
            for number, one in enumerate(CHATS)
        ),
        a_scored("acme/odd", 90, model_type=ModelType.OTHER),
    )

    insight = scores_by_type(rows, a_scope())

    assert insight.reading == (
        "The median is highest among merge models (35.0, of 7) and lowest among chat models (30.0,"
        " of 7)."
    )
    assert insight.table["Type"].to_list() == ["other", "merge", "chat"]


def test_without_scores_there_is_nothing_to_draw() -> None:
    insight = scores_by_type(rows_of(a_scored("acme/waits", None)), a_scope())

    assert (insight.chart, insight.table.height) == (None, 0)
