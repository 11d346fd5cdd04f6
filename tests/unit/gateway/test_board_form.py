"""What the form of a board's page sends becomes an address that says no more than is needed."""

import pytest

from services.gateway.http.errors import Refusal
from services.gateway.pages.board_columns import choosable, usual_columns
from services.gateway.pages.board_form import tidied
from services.gateway.pages.board_state import Averaged, BoardState, Fields, read_state
from services.gateway.query.board_columns import Columns
from tests.unit.gateway.examples import a_board

COLUMNS = Columns(a_board())
USUAL = [column.name for column in usual_columns(COLUMNS)]


def state_of(*fields: tuple[str, str]) -> BoardState:
    return read_state("demo", tidied(fields, COLUMNS), COLUMNS)


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ([("search", ""), ("sort", "-average"), ("ranks", "static"), ("params_min", "")], []),
        ([("search", " llama ")], [("search", "llama")]),
        ([("type", "chat"), ("type", "merge")], [("type", "chat"), ("type", "merge")]),
        ([("column", ""), *(("column", name) for name in USUAL)], []),
        ([("column", ""), ("column", "average")], [("columns", "average")]),
        ([("column", "")], [("columns", "model")]),
        ([("averaged", "all"), ("weight-facts", "2")], []),
        ([("averaged", "weighted"), ("weight-facts", "2")], [("weights", "facts:2")]),
        ([("averaged", "visible"), ("weight-facts", "2")], [("average", "visible")]),
        ([("pins", "a,b"), ("pin", "c")], [("pins", "a,b,c")]),
        ([("pins", "a,b"), ("pin", "a")], [("pins", "b")]),
        ([("pins", "a"), ("pin", "a")], []),
        ([("params_min", "3"), ("params_max", "7")], [("size", "consumer")]),
        ([("params_min", ""), ("params_max", "3")], [("size", "edge")]),
        ([("size", "edge"), ("params_min", "2"), ("params_max", "")], [("params_min", "2")]),
    ],
)
def test_a_form_becomes_an_address(sent: Fields, address: Fields) -> None:
    assert tidied(sent, COLUMNS) == address
    assert tidied(address, COLUMNS) == address


def test_the_address_of_a_state_leads_to_it() -> None:
    state = state_of(
        ("search", "llama; @facts:>3"),
        ("type", "chat"),
        ("type", "merge"),
        ("params_min", "2.5"),
        ("official", "true"),
        ("columns", "license,average"),
        ("scores", "raw"),
        ("density", "compact"),
        ("average", "visible"),
        ("pins", "a,b"),
    )

    assert [column.name for column in state.columns] == ["license", "average"]
    assert state.address() == state.address(after=None)
    for part in ("params_min=2.5", "official=true", "density=compact", "pins=a%2Cb", "type=merge"):
        assert part in state.address()


def test_an_average_of_visible_tasks_is_of_those_alone() -> None:
    state = state_of(("column", ""), ("column", "grammar"), ("averaged", "visible"))

    assert (state.average, state.asked.tasks) == (Averaged.VISIBLE, "grammar")


def test_what_stands_in_another_cell_is_not_offered_as_a_column() -> None:
    names = {column.name for column in choosable(COLUMNS)}

    assert {"average", "facts", "license", "likes"} <= names
    assert not names & {"rank", "model", "facts_raw", "facts_stderr", "average_low"}


@pytest.mark.parametrize("field", [("params_min", "many"), ("density", "huge")])
def test_a_value_that_cannot_be_is_refused(field: tuple[str, str]) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        state_of(field)
