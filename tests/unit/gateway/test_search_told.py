import pytest

from services.gateway.http.errors import Refusal
from services.gateway.pages.search_told import Highlights, Piece, fault_of, told_terms
from services.gateway.query.board_columns import Columns
from services.gateway.query.language import read_search
from services.gateway.query.terms import Search
from tests.unit.gateway.examples import a_board

COLUMNS = Columns(a_board())


def search(text: str) -> Search:
    return read_search(text, COLUMNS)


def test_every_term_is_told_with_a_colour_of_its_own() -> None:
    told = told_terms(search("llama -@type:chat; qwen"))

    assert [[(one.written, one.colour) for one in terms] for terms in told] == [
        [("llama", 1), ("-@type:chat", 2)],
        [("qwen", 3)],
    ]


@pytest.mark.parametrize(
    ("text", "namespace", "name"),
    [
        (
            "llama",
            [Piece("meta-"), Piece("LLaMA", 1), Piece("/")],
            [Piece("Llama", 1), Piece("-3")],
        ),
        ("a/l", [Piece("meta-LLaM"), Piece("A/", 1)], [Piece("L", 1), Piece("lama-3")]),
        ("-llama", [Piece("meta-LLaMA/")], [Piece("Llama-3")]),
        ("^m.*(-)", [Piece("meta-LLaMA/", 1)], [Piece("Llama-", 1), Piece("3")]),
        ("meta lama", [Piece("meta", 1), Piece("-L"), Piece("LaMA", 2), Piece("/")], None),
        ("@type:llama", [Piece("meta-LLaMA/")], [Piece("Llama-3")]),
        ("x*", [Piece("meta-LLaMA/")], [Piece("Llama-3")]),
    ],
)
def test_matches_are_found_in_both_parts_of_a_name(
    text: str, namespace: list[Piece], name: list[Piece] | None
) -> None:
    repo_id = "meta-LLaMA/Llama-3"

    found = Highlights(search(text), [repo_id]).pieces(repo_id)

    assert list(found[0]) == namespace
    assert name is None or list(found[1]) == name


def test_a_fault_stands_at_its_place() -> None:
    text = "llama @lisense:mit"
    with pytest.raises(Refusal) as refused:
        search(text)

    fault = fault_of(refused.value, text)

    assert fault
    assert (fault.before, fault.at, fault.after) == ("llama ", "@lisense:", "mit")
    assert "@license:" in fault.advice
