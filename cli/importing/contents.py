"""The Open LLM Leaderboard's `contents`: one table row per evaluated model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
)

from cli.importing import vocabulary
from cli.importing.problems import Problem, problems_of
from contracts.board import Board, BoardTask
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

AVERAGE = "Average ⬆️"
# Other boards round it to two digits.
_TOLERANCE = 0.006

_Score = TypeAdapter(FiniteFloat)


def _day(value: object) -> datetime | None:
    """Midnight in UTC; the original kept days only."""
    return datetime.fromisoformat(str(value)[:10]).replace(tzinfo=UTC) if _is_given(value) else None


def _is_given(value: object) -> bool:
    return not (value is None or value == "" or (isinstance(value, float) and isnan(value)))


def _text(value: object) -> str:
    return str(value) if _is_given(value) and value != "?" else ""


def _weight_type(value: object) -> WeightType:
    return WeightType(str(value).lower())


_Text = Annotated[str, BeforeValidator(_text)]
_Day = Annotated[datetime | None, BeforeValidator(_day)]


class _Row(BaseModel):
    """The columns that name and describe a model; those of the tasks depend on the board."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    repo_id: ListedName = Field(alias="fullname")
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


class MissingColumnError(Exception):
    """The table is not one of this board's; the message names the columns."""


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
    columns: dict[str, tuple[str, str]] = {}
    for number, row in enumerate(rows, start=1):
        columns = columns or _columns(row, board)
        where = f"row {number}"
        found, scores = _described(row, where, problems), _scores(row, columns, where, problems)
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


def _columns(row: Mapping[str, object], board: Board) -> dict[str, tuple[str, str]]:
    """The raw and the normalised column of each task, by its id."""
    spelled = {name.casefold(): name for name in row}
    wanted = {task.id: _wanted(task) for task in board.tasks}
    missing = [
        *(name for name in ("fullname", "Model sha", "Precision") if name not in row),
        *(name for pair in wanted.values() for name in pair if name.casefold() not in spelled),
    ]
    if missing:
        raise MissingColumnError(
            f"the table has no column {', '.join(map(repr, missing))}; it has"
            f" {', '.join(map(repr, row))}"
        )
    return {
        task: (spelled[raw.casefold()], spelled[normalized.casefold()])
        for task, (raw, normalized) in wanted.items()
    }


def _wanted(task: BoardTask) -> tuple[str, str]:
    return f"{task.title} Raw", task.title


def _described(row: Mapping[str, object], where: str, problems: list[Problem]) -> _Row | None:
    try:
        return _Row.model_validate(row)
    except ValidationError as fault:
        problems += problems_of(fault, where)
        return None


def _scores(
    row: Mapping[str, object],
    columns: Mapping[str, tuple[str, str]],
    where: str,
    problems: list[Problem],
) -> dict[str, ImportedScore] | None:
    """None when one cannot be read. A task whose cells are both empty is missing, not 0."""
    scores: dict[str, ImportedScore] = {}
    found: list[Problem] = []
    for task, (raw_column, normalized_column) in columns.items():
        if not _is_given(row[raw_column]) and not _is_given(row[normalized_column]):
            continue
        raw = _number(row, raw_column, 1, where, found)
        normalized = _number(row, normalized_column, 100, where, found)
        if raw is not None and normalized is not None:
            scores[task] = ImportedScore(raw=raw, normalized=normalized)
    if not found and not scores:
        found.append(Problem(where, "", "", "has no score at all"))
    if not found and len(scores) == len(columns) and AVERAGE in row:
        mean = sum(score.normalized for score in scores.values()) / len(scores)
        average = _number(row, AVERAGE, 100, where, found)
        if average is not None and abs(average - mean) > _TOLERANCE:
            what = f"the mean of its tasks is {mean:.4f}"
            found.append(Problem(where, AVERAGE, repr(row[AVERAGE]), what))
    problems += found
    return None if found else scores


def _number(
    row: Mapping[str, object], column: str, most: float, where: str, problems: list[Problem]
) -> float | None:
    try:
        number = _Score.validate_python(row[column])
    except ValidationError as fault:
        problems += (
            Problem(where, column, problem.found, problem.what)
            for problem in problems_of(fault, where)
        )
        return None
    if not 0 <= number <= most * (1 + 1e-12):
        problems.append(Problem(where, column, repr(row[column]), f"must be 0 to {most}"))
        return None
    return number


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
