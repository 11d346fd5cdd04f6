import pytest

from contracts.board import Board
from contracts.evaluation import EvaluationProgress
from contracts.models import Lane
from contracts.views import Entry, Request, RequestState
from services.gateway import formatting
from services.gateway.boards.table import HEAT_STEPS, BoardTable, board_table
from services.gateway.query.asked import Asked
from services.gateway.queue.outlook import Outlook
from services.gateway.queue.requests import Queue, Wanted
from tests.unit.gateway.examples import a_board, a_ranked_board, a_request, a_store, an_entry


def table_of(*entries: Entry, board: Board | None = None) -> BoardTable:
    return board_table(a_ranked_board(*entries, board=board), Asked())


def test_a_cell_is_as_warm_as_its_place_between_the_worst_and_the_best_of_its_column() -> None:
    table = table_of(
        an_entry("acme/a", facts=80, grammar=10),
        an_entry("acme/b", facts=40, grammar=10),
        an_entry("acme/c", facts=60, grammar=None),
    )

    facts = {line.entry.model: line.cells[0] for line in table.rows}
    assert [facts[f"acme/{name}"].heat for name in "abc"] == [HEAT_STEPS, 0, HEAT_STEPS // 2]
    assert [cell.best for cell in facts.values()] == [True, False, False]


def test_a_cell_keeps_its_tint_whatever_is_searched() -> None:
    ranked = a_ranked_board(an_entry("acme/a", facts=80), an_entry("bob/b", facts=40))

    [line] = board_table(ranked, Asked(search="bob")).rows

    assert (line.cells[0].heat, line.cells[0].best) == (0, False)


def test_a_column_in_which_all_are_equal_has_no_best() -> None:
    table = table_of(an_entry("acme/a"), an_entry("acme/b"))

    assert not any(cell.best or cell.heat for line in table.rows for cell in line.cells)


def test_scores_of_a_task_that_the_board_no_longer_has_are_not_shown() -> None:
    table = table_of(an_entry(), board=a_board(tasks=("grammar",)))

    assert [cell.task for cell in table.rows[0].cells] == ["grammar"]


def test_a_table_says_how_many_rows_there_are_and_where_the_next_are() -> None:
    ranked = a_ranked_board(*(an_entry(f"acme/{place:03}") for place in range(51)))

    first = board_table(ranked, Asked(search="acme"))

    assert (len(first.rows), first.total, first.entries, first.filtered) == (50, 51, 51, True)
    last = board_table(ranked, Asked(search="acme", after=first.next))
    assert [row.entry.model for row in last.rows] == ["acme/050"]


def queue_of_demo(*requests: Request) -> Queue:
    store = a_store(a_board(), *requests)
    wanted = Wanted(board="demo")
    return Queue.of(store.requests.values(), store.progress, Outlook(store).plan(), wanted)


def test_the_queue_is_in_the_order_it_is_served() -> None:
    requests = [
        a_request("acme/late", minutes=9),
        a_request("acme/early", minutes=1),
        a_request("acme/urgent", minutes=10, lane=Lane.HIGH),
        a_request("acme/elsewhere", board="other"),
    ]

    queue = queue_of_demo(*requests)

    names = {one.request.model.repo_id: one.place.place for one in queue.waiting}
    # Evaluators serve all boards, so the other board's request is at the second place.
    assert names == {"acme/urgent": 1, "acme/early": 3, "acme/late": 4}
    assert list(names) == ["acme/urgent", "acme/early", "acme/late"]


def test_every_state_has_its_place_in_the_queue() -> None:
    requests = [a_request(f"acme/{state}", state) for state in RequestState]

    queue = queue_of_demo(*requests)

    shown = {
        *(one.request.state for one in queue.running),
        *(one.request.state for one in queue.waiting),
        *(request.state for request in (*queue.received, *queue.ended)),
    }
    assert shown == set(RequestState)


def test_numbers_are_written_for_people() -> None:
    assert [formatting.parameters(n) for n in (950, 1_312_000, 7_240_000_000, 405_000_000_000)] == [
        "950",
        "1.3M",
        "7.2B",
        "405B",
    ]
    assert [formatting.decimals(n) for n in (72.706, 0.5, 0, 0.0013, 0.05)] == [
        "72.71",
        "0.50",
        "0.00",
        "0.0013",
        "0.05",
    ]
    assert [formatting.duration(s) for s in (4.21, 59.99, 93.4, 7500, 288_000)] == [
        "4.2 s",
        "1 min 0 s",
        "1 min 33 s",
        "2 h 5 min",
        "3 d 8 h",
    ]


def test_a_download_is_counted_in_megabytes_and_the_rest_in_pieces() -> None:
    step = EvaluationProgress(
        sid="0" * 20, run=1, attempt=1, phase="downloading", done=1_500_000, total=3_000_000
    )

    assert formatting.amount(step) == "1.5 of 3.0 MB"
    assert formatting.amount(step.model_copy(update={"phase": "scoring"})) == "1500000 of 3000000"
    assert formatting.amount(step.model_copy(update={"total": 0})) == ""


def test_a_step_says_how_fast_it_goes_and_when_it_will_be_done() -> None:
    step = EvaluationProgress(
        sid="0" * 20,
        run=1,
        attempt=1,
        phase="downloading",
        done=1_500_000,
        total=3_000_000,
        per_second=500_000,
        seconds_left=3,
    )

    assert formatting.amount(step) == "1.5 of 3.0 MB, 0.5 MB/s, 3.0 s left"
    slow = {"phase": "scoring", "done": 30, "total": 120, "per_second": 0.5, "seconds_left": 180}
    assert formatting.amount(step.model_copy(update=slow)) == "30 of 120, 0.5/s, 3 min 0 s left"


def test_a_sentence_is_escaped_and_its_code_is_set_apart() -> None:
    assert formatting.code_spans("Add `<b>` & more") == "Add <code>&lt;b&gt;</code> &amp; more"
    assert formatting.code_spans("a ` stray") == "a ` stray"


@pytest.mark.parametrize(
    ("kwh", "shown"),
    [
        (12.344, "12.3 kWh"),
        (0.31, "310 Wh"),
        (2.05e-6, "2.05 mWh"),
        (4e-9, "0.004 mWh"),
        (0, "0 mWh"),
    ],
)
def test_energy_is_shown_in_a_unit_that_fits(kwh: float, shown: str) -> None:
    assert formatting.energy(kwh) == shown


def test_a_mass_is_shown_in_a_unit_that_fits() -> None:
    assert [formatting.mass(kg) for kg in (3.2, 0.0032)] == ["3.2 kg", "3.2 g"]
