import random

import polars as pl

from contracts.models import ModelType
from services.gateway.insights.chart import Chart, Mark, Scale
from services.gateway.insights.fronts import MOST_POINTS, emissions_and_score, front, size_and_score
from tests.unit.gateway.insights.rows import a_scope, a_scored, rows_of


def test_the_front_has_what_nothing_cheaper_or_as_cheap_beats() -> None:
    dice = random.Random(3)
    rows = pl.DataFrame(
        {
            "model": [f"acme/m{number}" for number in range(200)],
            "cost": [float(dice.randint(1, 30)) for _ in range(200)],
            "average": [float(dice.randint(0, 60)) for _ in range(200)],
        }
    )

    found = front(rows, "cost").select("cost", "average").rows()

    points = set(rows.select("cost", "average").rows())
    unbeaten = {
        (cost, average)
        for cost, average in points
        if not any(c <= cost and a >= average and (c, a) != (cost, average) for c, a in points)
    }
    assert found == sorted(unbeaten)


def test_the_reading_names_both_ends_of_the_front() -> None:
    rows = rows_of(
        a_scored("acme/small", 20, billions=1),
        a_scored("acme/beaten", 30, billions=9),
        a_scored("acme/large", 40, billions=7),
    )

    insight = size_and_score(rows, a_scope())

    assert insight.reading == (
        "Of 3 rows, 2 are on the front, where nothing smaller scores as high: from acme/small (1B,"
        " 20.0) to acme/large (7B, 40.0)."
    )
    assert insight.table.select("Model", "On the front").rows() == [
        ("acme/large", True),
        ("acme/beaten", False),
        ("acme/small", True),
    ]


def test_the_line_of_the_front_goes_on_to_the_most_expensive_row() -> None:
    rows = rows_of(a_scored("acme/best", 40, billions=7), a_scored("acme/beaten", 30, billions=70))

    line = _chart(size_and_score(rows, a_scope()).chart).series[0]

    assert (line.mark, line.x, line.y) == (Mark.STEPS, [7.0, 70.0], [40.0, 40.0])


def test_each_type_has_points_of_a_shape_of_its_own() -> None:
    rows = rows_of(
        *(a_scored(f"acme/{kind}", 10, model_type=kind) for kind in ModelType),
        a_scored("acme/another", 12, model_type=ModelType.MERGE),
    )

    _, *points = _chart(size_and_score(rows, a_scope()).chart).series

    assert len({one.shape for one in points}) == len({one.tone for one in points}) == len(ModelType)
    assert points[-1].name == "Merge"  # the commonest lies below the others
    assert {model for one in points for model in one.models} == set(rows["model"])


def test_rows_without_an_average_a_size_or_emissions_are_left_out() -> None:
    rows = rows_of(
        a_scored("acme/provisional", None, co2_kg=1.0),
        a_scored("acme/unknown", 30, billions=0),
        a_scored("acme/known", 20, billions=1),
    )

    sizes, emissions = size_and_score(rows, a_scope()), emissions_and_score(rows, a_scope())

    assert sizes.table["Model"].to_list() == ["acme/known"]
    assert emissions.chart is None
    assert emissions.reading.startswith("No row that was found has both an average and CO₂")


def test_both_are_drawn_on_a_logarithmic_axis_with_its_unit() -> None:
    rows = rows_of(a_scored("acme/one", 20, billions=1, co2_kg=0.5))

    for insight, title in (
        (size_and_score(rows, a_scope()), "Parameters (billions)"),
        (emissions_and_score(rows, a_scope()), "CO₂ of the evaluation (kg)"),
    ):
        x = _chart(insight.chart).x
        assert (x.title, x.scale) == (title, Scale.LOGARITHMIC)


def test_of_very_many_rows_an_even_part_is_drawn() -> None:
    count = 2 * MOST_POINTS + 5
    rows = pl.concat([rows_of(a_scored("acme/one", 20))] * count).with_columns(
        parameters=pl.int_range(1, count + 1).cast(pl.Float64),
        average=pl.int_range(count).cast(pl.Float64) * 100 / count,
    )

    insight = size_and_score(rows, a_scope())

    line, points = _chart(insight.chart).series
    assert MOST_POINTS / 2 < len(points.x) <= MOST_POINTS
    assert len(line.x) == count + 1  # the front is whole
    assert insight.table.height == count


def _chart(chart: Chart | None) -> Chart:
    assert chart is not None
    return chart
