"""Two to six rows side by side, and the samples on which two of them part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

import polars as pl
from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from contracts.board import Board
from contracts.views import Entry
from services.gateway.boards.routes import known_board
from services.gateway.boards.views import BoardEntry, board_entries
from services.gateway.comparison.differences import LEAST, MOST, Comparison
from services.gateway.comparison.differing import Better, Wanted
from services.gateway.comparison.routes import (
    chosen_entries,
    compared,
    find_entry,
    read_ids,
)
from services.gateway.dependencies import BoardQueriesDependency, DetailFilesDependency
from services.gateway.formatting import mass, parameters, words
from services.gateway.pages.compare_samples import comparison_address, parting
from services.gateway.pages.visit import VisitDependency
from services.gateway.query.columns import FOLDED_NAME
from services.gateway.query.engine import Ranked
from services.gateway.query.standing import Weighting
from services.gateway.state.store import ViewStore

_OFFERED = 8
_IN_A_RADAR = 3


@dataclass(frozen=True)
class _Chosen:
    entry: Entry
    without: str
    """Address of the comparison without it."""
    as_first: str
    """Of the one in which the others are held against it."""

    @classmethod
    def of(cls, entry: Entry, chosen: Sequence[str]) -> Self:
        others = [one for one in chosen if one != entry.sid]
        return cls(entry, comparison_address(others), comparison_address([entry.sid, *others]))


@get("/compare", include_in_schema=False)
async def show_comparison(
    visit: VisitDependency,
    queries: BoardQueriesDependency,
    files: DetailFilesDependency,
    ids: FromQuery[list[str] | None] = None,
    board: FromQuery[str | None] = None,
    add: Annotated[str, QueryParameter(max_length=200)] = "",
    task: FromQuery[str] = "",
    other: FromQuery[str] = "",
    better: FromQuery[Better] = Better.EITHER,
    offset: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
) -> Template:
    """`add` looks for another row; `task`, `other` and `better` choose whose samples are shown."""
    chosen = read_ids(ids or ())
    on, entries = _entries(chosen, board, visit.any_board(), visit.store)
    found = None
    samples = None
    if on and len(entries) >= LEAST:
        found = await compared(on, entries, files)
        samples = await parting(found, files, task, other, Wanted(better, offset=offset))
    offered: tuple[BoardEntry, ...] = ()
    if on and len(entries) < MOST:
        offered = _offered(await queries.current(on.name), add, chosen)
    joined = ",".join(chosen)
    context = {
        "entries": [_Chosen.of(entry, chosen) for entry in entries],
        "facts": tuple(_facts(entries)) if found else (),
        "ids": joined,
        "most": MOST,
        "add": add,
        "offered": [(one, comparison_address([*chosen, one.request_id])) for one in offered],
        "comparison": found,
        "drawn": _drawn(found) if found else None,
        "parting": samples,
    }
    return visit.page("compare", context, board=on, parts=("offered",))


def _entries(
    ids: Sequence[str], board: str | None, any_board: Board | None, store: ViewStore
) -> tuple[Board | None, tuple[Entry, ...]]:
    if len(ids) >= LEAST:
        return chosen_entries(ids, store)
    if ids:
        on, entry = find_entry(ids[0], store)
        return on, (entry,)
    return (known_board(board, store) if board else any_board), ()


def _facts(entries: Sequence[Entry]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """What the models are: label, a text for each, whether these differ. What is unknown of all is
    left out."""
    for label, text in _FACTS.items():
        told = tuple(text(entry) for entry in entries)
        if any(told):
            yield label, told, len(set(told)) > 1


_FACTS: dict[str, Callable[[Entry], str]] = {
    "Type": lambda entry: words(entry.model_type),
    "Parameters": lambda entry: parameters(entry.parameters) if entry.parameters else "",
    "Architecture": lambda entry: entry.architecture,
    "Precision": lambda entry: entry.model.precision,
    "Chat template": lambda entry: "yes" if entry.model.chat_template else "no",
    "License": lambda entry: entry.license,
    "Base model": lambda entry: ", ".join(entry.base_models),
    "Uploaded": lambda entry: f"{entry.uploaded_at:%-d %b %Y}" if entry.uploaded_at else "",
    "CO₂": lambda entry: mass(entry.co2_kg) if entry.co2_kg is not None else "",
}


def _offered(ranked: Ranked, text: str, taken: Sequence[str]) -> tuple[BoardEntry, ...]:
    """The best rows whose names hold the text, and which are not there yet."""
    rows = ranked.rows(Weighting()).filter(~pl.col("id").is_in(list(taken)))
    if text:
        rows = rows.filter(pl.col(FOLDED_NAME).str.contains(text.strip().lower(), literal=True))
    best = rows.top_k(_OFFERED, by=pl.col("average").fill_null(-1.0))
    return board_entries(
        best.sort("average", descending=True, nulls_last=True), ranked.snapshot.columns
    )


def _drawn(found: Comparison) -> dict[str, Any]:
    """What compare.js draws: a place per task, a series per row, null while outstanding. Of more
    than three rows a radar's lines lie on top of each other."""
    return {
        "type": "radar" if len(found.entries) <= _IN_A_RADAR else "line",
        "labels": [one.task.title for one in found.tasks],
        "series": [
            {
                "name": entry.repo_id,
                "values": [
                    round(score.normalized, 2) if (score := one.scores[place]) else None
                    for one in found.tasks
                ],
            }
            for place, entry in enumerate(found.entries)
        ],
    }
