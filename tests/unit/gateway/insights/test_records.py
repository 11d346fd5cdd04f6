from datetime import UTC, date, datetime

import pytest

from contracts.board import Board, Subtask
from services.gateway.insights.baselines import human_average, random_average
from services.gateway.insights.chart import Mark
from services.gateway.insights.records import best_over_time
from services.gateway.insights.scope import Dating, Scope
from services.gateway.query.standing import Weighting
from tests.unit.gateway.examples import a_board
from tests.unit.gateway.insights.rows import a_scope, a_scored, rows_of


def test_only_what_beats_all_before_it_in_its_size_is_a_record() -> None:
    rows = rows_of(
        a_scored("acme/first", 10, billions=1, day=1),
        a_scored("acme/worse", 5, billions=1, day=2),
        a_scored("acme/better", 20, billions=1, day=3),
        a_scored("acme/as-good", 20, billions=1, day=4),
        a_scored("acme/larger", 15, billions=4, day=5),
    )

    table = best_over_time(rows, a_scope()).table

    assert table.select("Size", "Since", "Model", "Average").rows() == [
        ("Below 3B", date(2025, 1, 3), "acme/better", 20.0),
        ("Below 3B", date(2025, 1, 1), "acme/first", 10.0),
        ("3B to 7B", date(2025, 1, 5), "acme/larger", 15.0),
    ]


def test_every_line_ends_at_the_last_day_that_is_known() -> None:
    rows = rows_of(
        a_scored("acme/small", 10, billions=1, day=1),
        a_scored("acme/large", 5, billions=200, day=9),
    )

    chart = best_over_time(rows, a_scope()).chart

    assert chart is not None
    last = datetime(2025, 1, 9, tzinfo=UTC).timestamp() * 1000
    assert [(one.name, one.x[-1]) for one in chart.series if one.mark is Mark.STEPS] == [
        ("Below 3B", last),
        ("141B and more", last),
    ]


def test_it_goes_by_the_day_that_is_asked_for() -> None:
    entry = a_scored("acme/one", 10, day=5)
    moved = entry.model_copy(update={"uploaded_at": datetime(2024, 12, 24, tzinfo=UTC)})

    uploaded = best_over_time(rows_of(moved), a_scope(dating=Dating.UPLOADED))
    unknown = best_over_time(rows_of(entry), a_scope(dating=Dating.UPLOADED))

    assert uploaded.table["Since"].to_list() == [date(2024, 12, 24)]
    assert unknown.chart is None
    assert unknown.reading.endswith("and the time it was uploaded.")


def test_people_stand_where_the_normalised_scale_has_them() -> None:
    board = _with_people(a_board(), facts=0.85, grammar=0.7)

    assert human_average(a_scope(board)) == pytest.approx((80 + 60) / 2)
    assert human_average(a_scope(board, Weighting((("facts", 3.0), ("grammar", 1.0))))) == (
        pytest.approx((3 * 80 + 60) / 4)
    )
    assert human_average(a_scope(board, Weighting((("grammar", 1.0),)))) == pytest.approx(60)


def test_people_are_left_out_while_one_task_that_counts_does_not_know_them() -> None:
    board = _with_people(a_board(), facts=0.85, grammar=None)

    assert human_average(a_scope(board)) is None
    assert human_average(a_scope(board, Weighting((("facts", 1.0),)))) == pytest.approx(80)


def test_people_are_left_out_where_subtasks_have_different_floors() -> None:
    task = (
        a_board()
        .tasks[0]
        .model_copy(
            update={
                "choices": None,
                "human": 0.9,
                "subtasks": (
                    Subtask(harness_task="two", choices=2),
                    Subtask(harness_task="four", choices=4),
                ),
            }
        )
    )
    board = a_board().model_copy(update={"tasks": (task,)})

    assert human_average(a_scope(board)) is None


def test_chance_is_drawn_where_the_board_normalises_by_it() -> None:
    plain = a_board().tasks[0].model_copy(update={"choices": None, "lower_bound": 0.0})

    assert random_average(a_scope()) == 0
    assert random_average(a_scope(a_board().model_copy(update={"tasks": (plain,)}))) is None


def test_baselines_are_dotted_lines_from_the_first_day_to_the_last() -> None:
    rows = rows_of(a_scored("acme/one", 10, day=1), a_scored("acme/two", 30, day=9))
    scope = Scope(_with_people(a_board(), facts=0.85, grammar=0.7), Weighting())

    insight = best_over_time(rows, scope)

    assert insight.chart is not None
    dotted = {one.name: one.y for one in insight.chart.series if one.mark is Mark.DOTTED}
    assert dotted == {"People": [70.0, 70.0], "Chance": [0.0, 0.0]}
    assert (
        insight.reading == "The best so far. Below 3B: 30.0, since January 2025; people score 70.0."
    )


def _with_people(board: Board, **human: float | None) -> Board:
    tasks = tuple(task.model_copy(update={"human": human[task.id]}) for task in board.tasks)
    return board.model_copy(update={"tasks": tasks})
