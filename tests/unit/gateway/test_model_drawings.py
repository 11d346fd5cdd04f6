"""What the model page draws, without a browser."""

import polars as pl
import pytest

from services.gateway.models.family import HEIGHT, WIDTH, draw
from services.gateway.models.known import Lineage, Relative
from services.gateway.models.peers import strip


def relative(model: str, hops: int, of: str = "acme/self") -> Relative:
    return Relative(model, hops, of, None, None, is_merge=False)


SELF = relative("acme/self", 0)


def test_a_strip_counts_the_peers_and_finds_the_place_among_them() -> None:
    peers = pl.DataFrame({"bbh": [0.0, 1.0, 1.5, 50.0, 100.0, None]})

    found = strip(peers, "bbh", 50.0)

    assert found is not None
    assert found.bars == ((0.0, 2.0, 1.0), (50.0, 2.0, 1 / 3), (98.0, 2.0, 1 / 3))
    assert (found.own, found.median, found.below) == (50.0, 1.5, 3 / 4)


@pytest.mark.parametrize(
    ("scores", "own"),
    [
        pytest.param([10.0, 20.0], None, id="outstanding"),
        pytest.param([None, None], 10.0, id="nobody has it"),
    ],
)
def test_without_a_score_there_is_no_strip(scores: list[float | None], own: float | None) -> None:
    assert strip(pl.DataFrame({"bbh": pl.Series(scores, dtype=pl.Float64)}), "bbh", own) is None


def test_alone_it_is_better_than_nobody_in_particular() -> None:
    found = strip(pl.DataFrame({"bbh": [40.0]}), "bbh", 40.0)

    assert found is not None
    assert found.below is None


def test_a_family_is_drawn_from_ancestors_to_children() -> None:
    lineage = Lineage(
        (
            relative("acme/mother", 1),
            relative("acme/father", 1),
            relative("acme/grandmother", 2, "acme/mother"),
        ),
        (relative("acme/child", -1),),
    )

    family = draw(SELF, lineage)

    places = {node.relative.model: (node.x, node.y) for node in family.nodes}
    assert places["acme/grandmother"][0] < places["acme/mother"][0]
    assert places["acme/mother"][0] == places["acme/father"][0] < places["acme/self"][0]
    assert places["acme/self"][0] < places["acme/child"][0]
    assert abs(places["acme/mother"][1] - places["acme/father"][1]) >= HEIGHT
    assert len(family.lines) == 4
    assert [node.relative.model for node in family.nodes if node.is_self] == ["acme/self"]
    assert all(x + WIDTH <= family.width for x, _ in places.values())
    assert all(y + HEIGHT <= family.height for _, y in places.values())


def test_a_large_family_says_how_many_are_left_out() -> None:
    children = tuple(relative(f"acme/child-{n}", -1) for n in range(30))

    family = draw(SELF, Lineage((), children))

    assert len(family.nodes) - 1 + family.more_children == 30
    assert family.more_children > 0
