"""A leaderboard as data: which tasks it runs, which metric counts, and how scores are averaged."""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from contracts.base import Contract, Event, View
from contracts.models import Precision

TaskId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", examples=["bbh"])]
LowerBound = Annotated[float, Field(ge=0, lt=1)]


class Averaging(StrEnum):
    """How the subtasks of one task become one number."""

    UNWEIGHTED = "unweighted"
    SIZE_WEIGHTED = "size_weighted"


class Chance(Contract):
    """What guessing scores. The normalised score is 0 there and 100 at 1.0."""

    choices: int | None = Field(default=None, ge=2)
    """Number of answers to choose from; the lower bound is 1 / choices."""
    lower_bound: LowerBound | None = None
    """Raw score of a guesser, 0 to 1, where it is not 1 / choices; 0 for generated answers."""

    @property
    def is_known(self) -> bool:
        return self.choices is not None or self.lower_bound is not None

    @property
    def floor(self) -> float:
        """The lower bound, 0 to 1; 0 when nothing is declared here."""
        return 1 / self.choices if self.choices else self.lower_bound or 0.0

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.choices is not None and self.lower_bound is not None:
            raise ValueError("give `choices` or `lower_bound`, not both")
        return self


class Subtask(Chance):
    """One member of an lm-eval group."""

    harness_task: str
    """lm-eval's name of the member, such as `leaderboard_bbh_snarks`."""


class Source(Contract):
    """Where something comes from, for those who want to read or cite it."""

    title: str
    """What it is called, such as the title of a paper."""
    url: str = Field(pattern=r"^https?://")
    """Where it can be read."""
    citation: str = ""
    """BibTeX; may be empty."""


class BoardTask(Chance):
    """One column of the board.

    The lower bound stands in one place: on every subtask, then each is normalised before they are
    averaged (BBH, MuSR); or on the task, then the averaged raw score is normalised (GPQA, MATH)."""

    id: TaskId
    """The column's key in every API, event and subject."""
    title: str
    """Heading of the column."""
    description: str = ""
    """What the task measures, for the page."""
    category: str = "general"
    """What it belongs to, such as `reasoning` or `knowledge`; the page groups columns by it."""
    source: Source | None = None
    """The benchmark's own paper or data set, for the page."""
    human: float | None = Field(default=None, ge=0, le=1)
    """Raw score of people, 0 to 1, for comparison; null where none is published."""
    shows_questions: bool = True
    """Whether people may read the samples. False where the authors ask that their questions not be
    shown in plain text, which would lead them into training data."""
    harness_task: str
    """Name of the lm-eval task or group to run."""
    shots: int | None = Field(default=None, ge=0)
    """Few-shot examples per prompt; null leaves it to the task's own definition."""
    metrics: tuple[str, ...] = Field(min_length=1)
    """lm-eval keys, `metric,filter`; several are averaged (IFEval's two strict accuracies)."""
    average: Averaging = Averaging.UNWEIGHTED
    """How the subtasks are averaged; without subtasks it has no effect."""
    subtasks: tuple[Subtask, ...] = ()
    """Members of the group that count; empty when the task is no group."""

    @model_validator(mode="after")
    def _chance_is_declared_in_one_place(self) -> Self:
        declared = sum(subtask.is_known for subtask in self.subtasks)
        if declared not in (0, len(self.subtasks)):
            raise ValueError(f"task {self.id!r}: some subtasks lack `choices` or `lower_bound`")
        if self.is_known == bool(declared):
            raise ValueError(
                f"task {self.id!r}: give `choices` or `lower_bound` either on the task or on every"
                " subtask"
            )
        return self

    @property
    def normalizes_subtasks(self) -> bool:
        return any(subtask.is_known for subtask in self.subtasks)

    @property
    def harness_tasks(self) -> tuple[str, ...]:
        """The lm-eval tasks whose results make up the score."""
        return tuple(subtask.harness_task for subtask in self.subtasks) or (self.harness_task,)


class Limits(Contract):
    """What a board accepts."""

    max_parameters: dict[Precision, int]
    """Most parameters at each precision; a precision that is missing is not accepted."""
    max_gptq_parameters: dict[int, int] = Field(default_factory=dict)
    """Most parameters of GPTQ weights by the bits of one; for bits that are missing it is what
    `max_parameters` says of `gptq`."""
    max_job_seconds: int = Field(default=24 * 3600, gt=0)
    """Longest time one evaluation may take, in seconds of wall clock."""
    max_task_seconds: int | None = Field(default=None, gt=0)
    """Longest time one task may take, in seconds of wall clock; null leaves it to the whole."""
    submissions_per_week: int | None = Field(default=5, ge=1)
    """Most submissions of one user in any seven days, not counting those that were cancelled,
    refused or lost by us; null for any number."""
    pending_per_user: int | None = Field(default=5, ge=1)
    """Most submissions of one user that wait or run at once; null for any number."""
    votes_for_high_lane: int = Field(default=10, ge=1)
    """Users it takes to have a waiting submission served before the others of its tier."""

    def most_parameters(self, precision: Precision, bits: int | None) -> int | None:
        """`bits` are those of one quantised weight. None for a precision that is not accepted."""
        most = self.max_parameters.get(precision)
        if most is None or precision is not Precision.GPTQ or bits is None:
            return most
        return self.max_gptq_parameters.get(bits, most)


class Board(View):
    """A leaderboard's definition, as read from `boards/<name>.yaml`."""

    SUBJECT: ClassVar[str] = "podium.v1.view.board.{name}"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "gateway"

    name: TaskId
    """The board's key in every API, event and subject."""
    title: str
    """Heading of the page."""
    description: str = ""
    """What the board compares, for the page."""
    sources: tuple[Source, ...] = ()
    """What the board as a whole follows, for the page."""
    version: int = Field(ge=1)
    """Raised with every change that moves a score; stored with each entry."""
    tasks: tuple[BoardTask, ...] = Field(min_length=1)
    """The columns, in the order they are shown and run."""
    limits: Limits
    """What the board accepts."""
    limit: int | None = Field(default=None, ge=1)
    """Documents per lm-eval task, the first so many; null for all. For trials: such scores compare
    with nothing but each other."""

    @model_validator(mode="after")
    def _task_ids_are_unique(self) -> Self:
        ids = [task.id for task in self.tasks]
        if repeated := {task_id for task_id in ids if ids.count(task_id) > 1}:
            raise ValueError(f"task ids must be unique; repeated: {', '.join(sorted(repeated))}")
        return self


class BoardDefined(Event):
    """The board's scores follow from this definition from here on. Published when an aggregator
    starts with a definition that scores in another way than the last one in the stream."""

    SUBJECT: ClassVar[str] = "podium.v1.board.defined.{board}"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "aggregator"

    board: TaskId
    """Name of the board."""
    scoring_version: str
    """Digest of what decides the scores, as on its entries."""
    definition: Board
    """The whole definition."""
