"""Events that bring in what another board has found out. Each subject's last one counts."""

from typing import ClassVar

from pydantic import AwareDatetime, Field, FiniteFloat

from contracts.base import Contract, Event
from contracts.board import TaskId
from contracts.evaluation import HarnessResult
from contracts.models import ListedModel, ModelType, SubmissionId


class ImportedScore(Contract):
    """One cell as another board published it."""

    raw: FiniteFloat
    """Average of the subtasks' raw metrics, usually 0 to 1."""
    normalized: FiniteFloat
    """0 to 100, as published. It counts where the raw average alone does not determine it, as when
    subtasks are clamped before they are averaged."""


class RowImported(Event):
    """A row of another board. What is evaluated here takes its place once it has as many scores."""

    SUBJECT: ClassVar[str] = "podium.v1.import.row.{board}.{sid}"
    WRITER: ClassVar[str] = "podium import"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """What a submission of the same weights to the same board has."""
    board: str
    """Name of the board it is for."""
    source: str
    """Where it is from, such as a data set on the Hub."""
    model: ListedModel
    """The weights that were scored, and how they were loaded."""
    model_type: ModelType
    """What the source says it is."""
    scores: dict[str, ImportedScore]
    """By task id; a task that has no score is absent."""
    architecture: str = ""
    """First entry of the config's `architectures`; empty when unknown."""
    license: str = ""
    """Licence identifier; empty when unknown."""
    parameters: int = Field(default=0, ge=0)
    """Number of parameters; 0 when unknown."""
    base_models: tuple[str, ...] = ()
    """What it was made from, where the source names that."""
    generation: int = Field(default=0, ge=0)
    """Hops to the farthest ancestor; 0 for a base model."""
    is_merge: bool = False
    """Whether it is a merge."""
    is_mixture_of_experts: bool = False
    """Whether it is a mixture of experts."""
    is_official: bool = False
    """Whether the source counts its organisation as an official provider."""
    is_available: bool = True
    """Whether the repository was on the Hub and readable."""
    is_flagged: bool = False
    """Whether the source's moderators had marked it."""
    likes: int | None = None
    """Likes on the Hub; null when unknown."""
    submitted_at: AwareDatetime | None = None
    """When it was submitted there; null when unknown."""
    uploaded_at: AwareDatetime | None = None
    """When the repository was made on the Hub; null when unknown."""
    co2_kg: FiniteFloat | None = Field(default=None, ge=0)
    """Emissions of the evaluation, in kg of CO₂ equivalent; null when unknown."""


class ImportedTask(Contract):
    """What lm-eval reported for one column."""

    task: TaskId
    """The board's task id."""
    whole: FiniteFloat | None = None
    """lm-eval's own value for the group, weighted by size; null where it has none. It counts where
    sizes are needed and `results` lack them."""
    results: tuple[HarnessResult, ...] = Field(min_length=1)
    """One result per lm-eval task that counts."""


class ResultsImported(Event):
    """What lm-eval found out elsewhere. Its scores go before those of an imported row: they are
    computed from the subtasks, and have standard errors."""

    SUBJECT: ClassVar[str] = "podium.v1.import.results.{board}.{sid}"
    WRITER: ClassVar[str] = "podium import"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """What a submission of the same weights to the same board has."""
    board: str
    """Name of the board it is for."""
    source: str
    """Where it is from, such as a data set on the Hub."""
    model: ListedModel
    """The weights that were scored, and how they were loaded."""
    tasks: tuple[ImportedTask, ...] = Field(min_length=1)
    """The columns that the results are enough for."""
    parameters: int = Field(default=0, ge=0)
    """Number of parameters; 0 when unknown."""
    limit: int | None = None
    """Documents per lm-eval task; null for all."""
    seconds: FiniteFloat = Field(default=0, ge=0)
    """Wall-clock time of the whole evaluation, in seconds; 0 when unknown."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Versions of what it ran on, as far as they are known."""


class RequestImported(Event):
    """A request of another board: who asked for the model to be evaluated, and what became of it.
    It starts nothing."""

    SUBJECT: ClassVar[str] = "podium.v1.import.request.{board}.{sid}"
    WRITER: ClassVar[str] = "podium import"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """What a submission of the same weights to the same board has."""
    board: str
    """Name of the board it is for."""
    source: str
    """Where it is from, such as a data set on the Hub."""
    model: ListedModel
    """The weights, and how to load them."""
    model_type: ModelType
    """What its submitter says it is."""
    status: str
    """Where it stood, in the source's words, such as `FINISHED`."""
    submitter: str = ""
    """Who asked, unproved; empty when unknown."""
    submitted_at: AwareDatetime
    """When it was asked for."""
