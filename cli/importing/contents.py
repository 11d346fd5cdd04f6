"""The Open LLM Leaderboard's `contents`: one table row per evaluated model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
)

from cli.importing import vocabulary
from cli.importing.problems import Problem, problems_of
from cli.importing.scores import TaskColumns, is_given, read_scores, task_columns
from contracts.board import Board
from contracts.imports import ImportedScore, RowImported
from contracts.models import (
    KnownCommit,
    ListedModel,
    ListedName,
    ModelType,
    Precision,
    WeightType,
)
from contracts.submission import submission_id


def _day(value: object) -> datetime | None:
    """Midnight in UTC; the original kept days only."""
    return datetime.fromisoformat(str(value)[:10]).replace(tzinfo=UTC) if is_given(value) else None


def _text(value: object) -> str:
    return str(value) if is_given(value) and value != "?" else ""


def _weight_type(value: object) -> WeightType:
    return WeightType(str(value).lower())


_Text = Annotated[str, BeforeValidator(_text)]
_Day = Annotated[datetime | None, BeforeValidator(_day)]


_NAMING = (("fullname", "model_name_for_query"), ("Model sha",), ("Precision",))
"""Columns without which no row says which weights it is about; any of each."""


class _Row(BaseModel):
    """The columns that name and describe a model; those of the tasks depend on the board."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    # The second is the first version's.
    repo_id: ListedName = Field(validation_alias=AliasChoices("fullname", "model_name_for_query"))
    commit: Annotated[KnownCommit, BeforeValidator(_text)] = Field(alias="Model sha")
    precision: Annotated[Precision, BeforeValidator(vocabulary.precision)] = Field(
        alias="Precision"
    )
    weight_type: Annotated[WeightType, BeforeValidator(_weight_type)] = Field(
        alias="Weight type", default=WeightType.ORIGINAL
    )
    chat_template: bool = Field(alias="Chat Template", default=False)
    model_type: Annotated[ModelType, BeforeValidator(vocabulary.model_type)] = Field(
        alias="Type", default=ModelType.OTHER
    )
    architecture: _Text = Field(alias="Architecture", default="")
    license: _Text = Field(alias="Hub License", default="")
    parameters: Annotated[int, BeforeValidator(vocabulary.parameters)] = Field(
        alias="#Params (B)", default=0
    )
    base_model: _Text = Field(alias="Base Model", default="")
    generation: int = Field(alias="Generation", default=0, ge=0)
    is_merge: bool = Field(alias="Merged", default=False)
    is_mixture_of_experts: bool = Field(alias="MoE", default=False)
    is_official: bool = Field(
        # The second is what it was called until December 2024.
        validation_alias=AliasChoices("Official Providers", "Maintainer's Highlight"),
        default=False,
    )
    is_available: bool = Field(alias="Available on the hub", default=True)
    is_flagged: bool = Field(alias="Flagged", default=False)
    likes: int | None = Field(alias="Hub ❤️", default=None)
    uploaded_at: _Day = Field(alias="Upload To Hub Date", default=None)
    submitted_at: _Day = Field(alias="Submission Date", default=None)
    co2_kg: FiniteFloat | None = Field(alias="CO₂ cost (kg)", default=None)


@dataclass(frozen=True)
class Contents:
    events: Sequence[RowImported]
    problems: Sequence[Problem]
    """Of the rows that are not in `events`."""


def read_contents(rows: Iterable[Mapping[str, object]], board: Board, source: str) -> Contents:
    """Rows are counted from 1, the header not included. Raises MissingColumnError for the
    table of another board."""
    events: dict[str, RowImported] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    columns: Mapping[str, TaskColumns] = {}
    for number, row in enumerate(rows, start=1):
        columns = columns or task_columns(row, board, _NAMING)
        where = f"row {number}"
        found, scores = _described(row, where, problems), read_scores(row, columns, where, problems)
        if found is None or scores is None:
            continue
        try:
            event = _event(found, scores, board.name, source)
        except ValidationError as fault:
            problems += problems_of(fault, where)
            continue
        if earlier := places.get(event.sid):
            what = f"is the model of {earlier} again: same commit, precision and chat template"
            problems.append(Problem(where, "fullname", repr(found.repo_id), what))
            continue
        places[event.sid] = where
        events[event.sid] = event
    return Contents(tuple(events.values()), tuple(problems))


def _described(row: Mapping[str, object], where: str, problems: list[Problem]) -> _Row | None:
    try:
        return _Row.model_validate(row)
    except ValidationError as fault:
        problems += problems_of(fault, where)
        return None


def _event(row: _Row, scores: dict[str, ImportedScore], board: str, source: str) -> RowImported:
    bases = vocabulary.base_models(row.base_model, row.repo_id)
    model = ListedModel(
        repo_id=row.repo_id,
        commit=row.commit,
        precision=row.precision,
        weight_type=row.weight_type,
        base_model=next(iter(bases), None) if row.weight_type is not WeightType.ORIGINAL else None,
        chat_template=row.chat_template,
    )
    described: dict[str, Any] = row.model_dump(
        include={
            *("model_type", "architecture", "license", "parameters", "generation", "is_merge"),
            *("is_mixture_of_experts", "is_official", "is_available", "is_flagged", "likes"),
            *("uploaded_at", "submitted_at"),
        }
    )
    return RowImported(
        sid=submission_id(model, board),
        board=board,
        source=source,
        model=model,
        scores=scores,
        base_models=bases,
        # The original wrote -1 where it did not know the time.
        co2_kg=row.co2_kg if row.co2_kg is not None and row.co2_kg >= 0 else None,
        **described,
    )
