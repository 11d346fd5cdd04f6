import pytest

from contracts.models import ModelType
from contracts.views import Decision
from services.gateway.models.known import Names, lineage, names_of, rows_of, standings
from services.gateway.query.engine import Ranked
from tests.unit.gateway.examples import NOON, a_ranked_board, an_entry


def renamed(sequence: int, old: str, new: str) -> Decision:
    return Decision(
        sequence=sequence, at=NOON, what="renamed", about=old, reason="", by="mona", new_repo_id=new
    )


@pytest.mark.parametrize("asked", ["acme/one", "acme/Two", "acme/three"])
def test_a_model_is_found_by_every_name_it_ever_had(asked: str) -> None:
    decisions = [renamed(9, "acme/two", "acme/three"), renamed(4, "acme/one", "acme/two")]

    found = names_of(asked, decisions)

    assert found.today == "acme/three"
    assert found.all == {"acme/one", "acme/two", "acme/three"}


def test_a_name_that_comes_back_ends() -> None:
    decisions = [renamed(1, "a/x", "a/y"), renamed(2, "a/y", "a/x")]

    assert names_of("a/x", decisions) == Names("a/x", ("a/y",))


def a_family() -> Ranked:
    def entry(name: str, score: float, *bases: str, **changes: object):  # type: ignore[no-untyped-def]
        changed = {"base_models": bases, "parameters": 1_000_000_000} | changes
        return an_entry(name, facts=score, grammar=score).model_copy(update=changed)

    return a_ranked_board(
        entry("acme/base", 40),
        entry("acme/tuned", 50, "Acme/Base"),
        entry("acme/merged", 60, "acme/tuned", "other/gone", is_merge=True),
        entry("acme/large", 70, parameters=8_000_000_000, model_type=ModelType.CHAT),
        entry("acme/unknown", 30, parameters=0),
    )


def test_a_row_has_places_among_all_its_size_and_its_type() -> None:
    ranked = a_family()

    def places(name: str) -> dict[str, tuple[int, int]]:
        row = rows_of(ranked, [name]).row(0, named=True)
        return {one.peers: (one.rank, one.of) for one in standings(ranked, row)}

    assert places("acme/tuned") == {"all": (3, 5), "size": (2, 3), "type": (2, 4)}
    assert places("acme/large") == {"all": (1, 5), "size": (1, 1), "type": (1, 1)}
    assert places("acme/unknown") == {"all": (5, 5), "type": (4, 4)}


def test_a_provisional_row_has_no_place() -> None:
    ranked = a_ranked_board(an_entry("acme/tiny", grammar=None))

    assert standings(ranked, rows_of(ranked, ["acme/tiny"]).row(0, named=True)) == ()


def test_a_family_is_followed_through_the_rows_of_the_board() -> None:
    ranked = a_family()

    found = lineage(ranked, "acme/merged")
    assert [(one.model, one.hops, one.of) for one in found.ancestors] == [
        ("acme/tuned", 1, "acme/merged"),
        ("other/gone", 1, "acme/merged"),
        ("acme/base", 2, "acme/tuned"),
    ]
    assert [one.request_id is None for one in found.ancestors] == [False, True, False]
    assert [(one.model, one.is_merge) for one in lineage(ranked, "acme/tuned").children] == [
        ("acme/merged", True)
    ]
    assert [one.model for one in lineage(ranked, "acme/base").children] == ["acme/tuned"]


def test_a_family_that_goes_in_circles_ends() -> None:
    ranked = a_ranked_board(
        an_entry("acme/a").model_copy(update={"base_models": ("acme/b",)}),
        an_entry("acme/b").model_copy(update={"base_models": ("acme/a",)}),
    )

    assert [one.model for one in lineage(ranked, "acme/a").ancestors] == ["acme/b"]
