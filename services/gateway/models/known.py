"""What is known of a model: its rows, where they stand among their peers, and its family. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from contracts.views import Decision
from services.gateway.query.catalogue import NAMES
from services.gateway.query.columns import FOLDED_NAME
from services.gateway.query.engine import Ranked
from services.gateway.query.filters import SIZES, Size, within_size
from services.gateway.query.standing import Weighting

_RENAMED = "renamed"
_MOST_HOPS = 5

Peers = Literal["all", "size", "type"]


@dataclass(frozen=True)
class Names:
    """A repository through its renames."""

    today: str
    former: tuple[str, ...]
    """What it was called before, the first name first."""

    @property
    def all(self) -> frozenset[str]:
        """In lower case, in which the Hub compares them."""
        return frozenset(name.casefold() for name in (*self.former, self.today))


def names_of(name: str, decisions: Iterable[Decision]) -> Names:
    """Of the repository that has or had this name."""
    renames = sorted(
        (one for one in decisions if one.what == _RENAMED and one.new_repo_id),
        key=lambda one: one.sequence,
    )
    chain = [name]
    for one in renames:
        if one.about.casefold() == chain[-1].casefold() and one.new_repo_id:
            chain.append(one.new_repo_id)
    for one in reversed(renames):
        if one.new_repo_id and one.new_repo_id.casefold() == chain[0].casefold():
            chain.insert(0, one.about)
    *former, today = chain
    return Names(
        today, tuple(dict.fromkeys(one for one in former if one.casefold() != today.casefold()))
    )


def rows_of(ranked: Ranked, names: Iterable[str]) -> pl.DataFrame:
    """Every row of models with these names, in lower case; the best first."""
    rows = ranked.rows(Weighting())
    return rows.filter(pl.col(FOLDED_NAME).is_in(list(names))).sort(
        "average", descending=True, nulls_last=True
    )


# ── among its peers ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Standing:
    """A row's place among some of its board's."""

    peers: Peers
    label: str
    """Who they are."""
    rank: int
    """Equal averages share one."""
    of: int
    """How many of them have an average, itself among them."""


def size_of(parameters: float | None) -> Size | None:
    """`parameters` in billions."""
    if parameters is None:
        return None
    return next((size for size in SIZES if size.low <= parameters < size.high), None)


def peers_of(ranked: Ranked, row: dict[str, object], peers: Peers) -> pl.DataFrame | None:
    """Ranked rows that a row compares with, itself among them; None when its size is unknown."""
    rows = ranked.rows(Weighting()).filter(pl.col("average").is_not_null())
    if peers == "type":
        return rows.filter(pl.col("type") == row["type"])
    if peers == "size":
        size = size_of(_number(row["parameters"]))
        return rows.filter(within_size(size)) if size else None
    return rows


def standings(ranked: Ranked, row: dict[str, object]) -> tuple[Standing, ...]:
    """Among all, those of its size and those of its type; empty without an average."""
    average = _number(row["average"])
    if average is None:
        return ()
    size = size_of(_number(row["parameters"]))
    labels: dict[Peers, str] = {
        "all": "the whole board",
        "size": size.label if size else "",
        "type": str(row["type"]),
    }
    found = []
    for peers, label in labels.items():
        frame = peers_of(ranked, row, peers)
        if frame is not None:
            above = int((frame["average"] > average).sum())
            found.append(Standing(peers, label, above + 1, frame.height))
    return tuple(found)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


# ── its family ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Relative:
    """A model in the lineage of another."""

    model: str
    hops: int
    """To the model itself: above 0 for ancestors, below for descendants."""
    of: str
    """Its child on the way to the model, or its parent."""
    request_id: str | None
    """Of its best row; null for a model that is not on the board."""
    average: float | None
    is_merge: bool


@dataclass(frozen=True)
class Lineage:
    ancestors: tuple[Relative, ...]
    """The closest first."""
    children: tuple[Relative, ...]
    """What names it as a base, the best first; merges of it among them."""


def lineage(ranked: Ranked, name: str) -> Lineage:
    """By the `base_model` of the cards, as far as the board's own rows lead."""
    return Lineage(tuple(_ancestors(ranked, name)), tuple(_children(ranked, name)))


def _ancestors(ranked: Ranked, name: str) -> Iterator[Relative]:
    seen, generation = {name.casefold()}, [name]
    for hops in range(1, _MOST_HOPS + 1):
        parents: list[str] = []
        for child in generation:
            for parent in _parents(ranked, child):
                if parent.casefold() not in seen:
                    seen.add(parent.casefold())
                    parents.append(parent)
                    yield _relative(ranked, parent, hops, child)
        generation = parents


def _parents(ranked: Ranked, name: str) -> list[str]:
    cells = rows_of(ranked, [name.casefold()])["base_model"].cast(pl.String).drop_nulls()
    return list(dict.fromkeys(parent for cell in cells for parent in cell.split(NAMES)))


def _children(ranked: Ranked, name: str) -> Iterator[Relative]:
    cells = ranked.snapshot.values("base_model")
    naming = cells.filter(
        pl.select(
            pl.lit(cells).str.to_lowercase().str.split(NAMES).list.contains(name.casefold())
        ).to_series()
    )
    rows = ranked.rows(Weighting()).filter(
        pl.col("base_model").cast(pl.String).is_in(naming.implode())
        & (pl.col(FOLDED_NAME) != name.casefold())
    )
    best = rows.sort("average", descending=True, nulls_last=True).unique(
        FOLDED_NAME, keep="first", maintain_order=True
    )
    for row in best.select("model", "id", "average", "merged").iter_rows(named=True):
        yield Relative(row["model"], -1, name, row["id"], row["average"], row["merged"])


def _relative(ranked: Ranked, name: str, hops: int, of: str) -> Relative:
    rows = rows_of(ranked, [name.casefold()])
    if rows.is_empty():
        return Relative(name, hops, of, None, None, is_merge=False)
    best = rows.row(0, named=True)
    return Relative(best["model"], hops, of, best["id"], best["average"], best["merged"])
