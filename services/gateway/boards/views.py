"""The shapes of boards and their rows in the HTTP API, and how they come about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from contracts import board as contract_board
from contracts import views as contract_views
from contracts.models import ModelType, Precision, WeightType
from contracts.views import Origin
from services.gateway.boards.score_views import Score, ScoreDetails
from services.gateway.boards.search_views import SearchExplained
from services.gateway.query.board_columns import Columns, raw_column, score_column, stderr_column
from services.gateway.query.catalogue import NAMES
from services.gateway.query.columns import Group, Kind
from services.gateway.query.facets import Facet
from services.gateway.views import as_shape


class BoardTask(msgspec.Struct, frozen=True):
    """A column."""

    id: str
    title: str
    description: str
    category: str
    harness_task: str
    """lm-eval's task or group."""
    shots: int | None
    """Few-shot examples per prompt; null leaves it to the task's own definition."""
    metrics: tuple[str, ...]
    """lm-eval's keys, `metric,filter`; several are averaged."""


class Board(msgspec.Struct, frozen=True):
    name: str
    title: str
    description: str
    version: int
    """Raised with every change that moves a score."""
    tasks: tuple[BoardTask, ...]
    max_parameters: dict[Precision, int]
    """Most parameters at each precision; a precision that is missing is not accepted."""
    limit: int | None
    """On a trial, how many documents of each task are scored: the first ones. Null for all."""
    entries_url: str


class Flag(msgspec.Struct, frozen=True):
    reason: str
    link: str | None
    at: datetime


class BoardEntry(msgspec.Struct, frozen=True):
    """A row."""

    rank: int | None
    """Equal averages share a rank; null without an average."""
    rank_best: int | None
    """The best rank that the standard errors do not contradict at 95 %; null where they are
    unknown."""
    rank_worst: int | None
    """The worst one."""
    rank_group: int | None
    """Rows with one number cannot be told apart from the best of them."""
    request_id: str
    model: str
    """The repository's name today."""
    commit: str
    """Empty for an imported row whose source does not say."""
    precision: Precision
    weight_type: WeightType
    base_model: str | None
    """What an adapter or delta was applied to."""
    base_models: tuple[str, ...]
    """What the model card names as its base; several for a merge."""
    generation: int
    """Hops to the farthest ancestor; 0 for a base model."""
    chat_template: bool
    model_type: ModelType
    architecture: str
    """Empty when unknown."""
    license: str
    """Empty when unknown."""
    parameters: int
    """0 when unknown."""
    is_merge: bool
    is_mixture_of_experts: bool
    is_official: bool
    """Whether its organisation is an official provider."""
    is_available: bool
    """Whether the repository was readable when somebody last looked."""
    likes: int | None
    """On the Hub when somebody last looked."""
    average: float | None
    """Mean of the normalised scores that were asked for, 0 to 100; null while one of them is
    outstanding."""
    average_stderr: float | None
    """Its standard error; null where that of a score is unknown."""
    average_low: float | None
    """Lower end of the 95 % interval."""
    average_high: float | None
    """Upper end of it."""
    provisional: bool
    outstanding: tuple[str, ...]
    """Tasks without a score; they are absent from `scores`."""
    scores: dict[str, Score]
    origin: Origin
    """Evaluated here, imported, or reported by the author."""
    source: str
    """What it was imported from; empty for rows evaluated here."""
    submitted_at: datetime | None
    uploaded_at: datetime | None
    """When the repository was made on the Hub."""
    seconds: float
    """Wall-clock time of the scored tasks together."""
    co2_kg: float | None
    """Emissions of the scored tasks together."""
    run: int
    board_version: int
    scoring_version: str
    """Rows with equal ones compare."""
    updated_at: datetime
    flag: Flag | None
    same_weights_as: tuple[str, ...]
    """Models under other names that were accepted earlier with equal weights."""


class BoardEntryDetails(BoardEntry, frozen=True):
    """A row with what its cells are made of."""

    details: dict[str, ScoreDetails]
    """By task, as `scores`."""


class BoardEntries(msgspec.Struct, frozen=True):
    """By average, the best first, then the provisional ones, unless another order is asked for."""

    items: tuple[BoardEntry, ...]
    board: str
    board_version: int
    total: int
    """Rows that are found, on all pages."""
    next: str | None
    """Address of the page that follows; null on the last."""
    search: SearchExplained
    weights: dict[str, float]
    """What the averages are made of, by task."""


class BoardColumn(msgspec.Struct, frozen=True):
    """A column: a field of searches, a key of `sort` and `columns`, a heading."""

    name: str
    label: str
    kind: Kind
    group: Group
    unit: str
    description: str
    aliases: tuple[str, ...]


class BoardFacets(msgspec.Struct, frozen=True):
    """Filters with how many rows each choice would find, given the search and all other filters."""

    items: tuple[Facet, ...]
    board: str
    total: int
    """Rows that are found now."""


def board(standing: contract_board.Board) -> Board:
    return Board(
        name=standing.name,
        title=standing.title,
        description=standing.description,
        version=standing.version,
        tasks=as_shape(tuple[BoardTask, ...], standing.tasks),
        max_parameters=dict(standing.limits.max_parameters),
        limit=standing.limit,
        entries_url=f"/api/v1/boards/{standing.name}/entries",
    )


def board_columns(columns: Columns) -> tuple[BoardColumn, ...]:
    return as_shape(tuple[BoardColumn, ...], tuple(columns))


def board_entries(rows: pl.DataFrame, columns: Columns) -> tuple[BoardEntry, ...]:
    """Of rows with every column."""
    scores = [
        (task, raw_column(task), score_column(task), stderr_column(task)) for task in columns.tasks
    ]
    return tuple(_entry(row, scores) for row in rows.iter_rows(named=True))


def _entry(row: dict[str, Any], scores: Sequence[tuple[str, str, str, str]]) -> BoardEntry:
    """`scores` are tasks with their columns, raw, normalised and standard error."""
    return BoardEntry(
        rank=row["rank"],
        rank_best=row["rank_best"],
        rank_worst=row["rank_worst"],
        rank_group=row["rank_group"],
        request_id=row["id"],
        model=row["model"],
        commit=row["commit"] or "",
        precision=Precision(row["precision"]),
        weight_type=WeightType(row["weight_type"]),
        base_model=row["applied_to"],
        base_models=_names(row["base_model"]),
        generation=row["generation"],
        chat_template=row["chat_template"],
        model_type=ModelType(row["type"]),
        architecture=row["architecture"] or "",
        license=row["license"] or "",
        parameters=round((row["parameters"] or 0) * 1e9),
        is_merge=row["merged"],
        is_mixture_of_experts=row["moe"],
        is_official=row["official"],
        is_available=row["available"],
        likes=row["likes"],
        average=row["average"],
        average_stderr=row["average_stderr"],
        average_low=row["average_low"],
        average_high=row["average_high"],
        provisional=row["provisional"],
        outstanding=_names(row["outstanding"]),
        scores={
            task: Score(row[raw], score, row[stderr])
            for task, raw, normalized, stderr in scores
            if (score := row[normalized]) is not None
        },
        origin=Origin(row["origin"]),
        source=row["source"] or "",
        submitted_at=row["submitted"],
        uploaded_at=row["uploaded"],
        seconds=row["seconds"],
        co2_kg=row["co2"],
        run=row["run"],
        board_version=row["board_version"],
        scoring_version=row["scoring_version"] or "",
        updated_at=row["updated"],
        flag=Flag(row["flag_reason"] or "", row["flag_link"], row["flagged_at"])
        if row["flagged"]
        else None,
        same_weights_as=_names(row["same_weights_as"]),
    )


def _names(cell: str | None) -> tuple[str, ...]:
    return tuple(cell.split(NAMES)) if cell else ()


def entry_details(entry: BoardEntry, standing: contract_views.Entry) -> BoardEntryDetails:
    return BoardEntryDetails(
        **msgspec.structs.asdict(entry),
        details=as_shape(dict[str, ScoreDetails], standing.scores),
    )
