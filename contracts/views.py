"""The read side: what the gateway serves, and what any NATS client can follow."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, FiniteFloat

from contracts.base import Contract, View
from contracts.check import RuleOutcomes
from contracts.evaluation import Details, FailureCause, Provenance
from contracts.models import (
    Lane,
    ListedModel,
    ListedName,
    ModelRef,
    ModelType,
    Reason,
    RepoId,
    SubmissionId,
    Tier,
)


class Origin(StrEnum):
    """How a row came about: `evaluated` here, `imported` from another board, or `reported` by the
    model's author."""

    EVALUATED = "evaluated"
    IMPORTED = "imported"
    REPORTED = "reported"


class RequestState(StrEnum):
    """Where a submission stands. The last four are final until a re-run is requested."""

    RECEIVED = "received"
    WAITING = "waiting"
    RUNNING = "running"
    REJECTED = "rejected"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Failure(Contract):
    """How the last run ended without its scores."""

    cause: FailureCause
    """Whose fault it is."""
    reason: Reason
    """What went wrong and what to do."""
    log_tail: str
    """The last lines the evaluation printed; may be empty."""


class Delay(Contract):
    """Why a submission is not validated yet."""

    reason: Reason
    """What stands in the way, and what to do."""
    since: AwareDatetime
    """When it first did."""
    at: AwareDatetime
    """When that was last said. The longer it lasts, the more rarely it is said."""


class Unshown(Contract):
    """Where a view stops, because the aggregator fails at what has happened next."""

    since: AwareDatetime
    """When the first event that is not shown happened."""
    event_id: UUID
    """Its id, as in the aggregator's log and in DEAD_LETTERS."""


class HistoryEntry(Contract):
    """One thing that happened to a submission."""

    at: AwareDatetime
    """When it happened, by the clock of the service that said so."""
    what: str
    """The event's name without `podium.v1.`, such as `evaluation.task_scored`."""
    note: str = ""
    """What was particular about it, such as the task; may be empty."""
    by: str | None = None
    """Hub user name of who did it; null for what services did, and on an open gateway."""


class TaskProgress(Contract):
    """One task of a submission's current run."""

    task: str
    """The board's task id."""
    scored_at: AwareDatetime | None = None
    """When its scores came in; null while they are outstanding."""
    seconds: FiniteFloat | None = None
    """Wall-clock time it took, in seconds; null while outstanding."""
    score: FiniteFloat | None = None
    """Normalised score, 0 to 100; null while outstanding."""


class Request(View):
    """How one submission stands, from the first event to the last."""

    SUBJECT: ClassVar[str] = "podium.v1.view.request.{sid}"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "gateway"

    sid: SubmissionId
    """The submission."""
    board: str
    """Name of the board it is for."""
    model: ModelRef
    """The exact weights, and how to load them."""
    model_type: ModelType
    """What its submitter says it is."""
    requested_revision: str
    """Branch, tag or commit as the submitter wrote it."""
    submitter: str | None
    """Hub user name; null when submitted on an open gateway."""
    state: RequestState
    """Where it stands."""
    received_at: AwareDatetime
    """When it was submitted."""
    updated_at: AwareDatetime
    """When the newest event about it happened."""
    run: int = Field(ge=1)
    """Which evaluation the fields below are about."""
    attempt: int = Field(ge=0)
    """Attempts made at this run; 0 before the first."""
    tier: Tier | None = None
    """Accelerator memory it needs; null before validation."""
    lane: Lane | None = None
    """How soon it is served; null before validation."""
    parameters: int | None = None
    """Number of parameters; null before validation."""
    evaluator: str | None = None
    """Name of the evaluator that took it last; null before that."""
    reasons: tuple[Reason, ...] = ()
    """Every rule it broke; empty unless rejected."""
    warnings: tuple[Reason, ...] = ()
    """What the submitter should know, whether it was accepted or not."""
    failure: Failure | None = None
    """How it failed; null unless failed or cancelled while running."""
    tasks: tuple[TaskProgress, ...] = ()
    """Every task of the board with its progress; empty before acceptance."""
    votes: int = Field(default=0, ge=0)
    """Number of users who want it sooner."""
    voters: tuple[str, ...] = ()
    """Their Hub user names, sorted."""
    promoted: bool = False
    """Whether a moderator wants it sooner."""
    history: tuple[HistoryEntry, ...] = ()
    """Everything that happened to it, oldest first."""
    delay: Delay | None = None
    """Why it is not validated yet; null while nothing stands in the way, and once it is."""
    same_weights_as: tuple[RepoId, ...] = ()
    """Models under other names that were accepted earlier with equal weights, the first of them
    first, by their names today. None for a model that names one of them as its base model; those
    that descend from it are left out, and those that a moderator has settled by taking the mark
    away."""
    unshown: Unshown | None = None
    """Since when nothing more is shown, for a fault of the aggregator's; null while all is."""
    rules: RuleOutcomes | None = None
    """The rules beside those in `reasons` and `warnings`; null before validation, and for what was
    validated before this was told."""


class SubtaskScore(Contract):
    """One lm-eval task within a column."""

    harness_task: str
    """lm-eval's task name."""
    raw: FiniteFloat
    """Raw metric, usually 0 to 1; the mean where the column uses several."""
    stderr: FiniteFloat | None
    """Standard error of the raw metric, lm-eval's where it has one; for several metrics, at most.
    Null where unknown."""
    normalized: FiniteFloat
    """0 at chance, 100 at a raw 1.0; the same lower bound as the column's when it has none."""
    samples: int
    """Number of documents scored."""
    prompt_hash: str = ""
    """lm-eval's hash over documents, prompts and targets, 64 hex digits; empty if unknown."""
    data_set: str = ""
    """Repository of the data set, or its builder (`json`) if it is local; empty if unknown."""
    data_revision: str = ""
    """Commit of the data set; empty if unknown."""


class TaskScore(Contract):
    """One cell of the board."""

    raw: FiniteFloat
    """Average of the subtasks' raw metrics, usually 0 to 1."""
    normalized: FiniteFloat
    """0 to 100, by the board's definition."""
    subtasks: tuple[SubtaskScore, ...]
    """What the cell is made of; one element when the task is no group, none when an imported row
    has the average only."""
    seconds: FiniteFloat
    """Wall-clock time of the task, in seconds; 0 for an imported score that does not say."""
    engine: str
    """How the model was run; empty for an imported score."""
    versions: dict[str, str]
    """Versions that a reproduction needs."""
    details: Details | None
    """Where the samples are; null when they were not kept."""
    provenance: Provenance | None = None
    """How the scores came about; null for scores from before this was kept."""
    stderr: FiniteFloat | None = None
    """Standard error of `normalized`, same scale; null where a subtask's is unknown."""


class Flag(Contract):
    """A moderator's mark on a model."""

    reason: str
    """What is wrong with it."""
    link: str | None
    """Public discussion; null when there is none."""
    at: AwareDatetime
    """When it was flagged."""


class Level(Contract):
    """What a row's average was for a while."""

    since: AwareDatetime
    """When it became so. For what was imported, when the model was submitted where it comes from.
    """
    average: FiniteFloat | None
    """By the definition that held then; null while tasks were outstanding or the row was taken off.
    """


class Entry(View):
    """One row of a board. It appears with the first scored task and changes with each one."""

    SUBJECT: ClassVar[str] = "podium.v1.view.entry.{board}.{sid}"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "gateway"

    board: str
    """Name of the board."""
    sid: SubmissionId
    """The submission it comes from."""
    repo_id: ListedName
    """The model's name today; it follows renames."""
    model: ListedModel
    """The exact weights that were scored, and how they were loaded."""
    model_type: ModelType
    """What its submitter says it is."""
    architecture: str
    """First entry of the config's `architectures`; empty when unknown."""
    license: str
    """Licence identifier from the model card; empty when unknown."""
    parameters: int
    """Number of parameters; 0 when unknown."""
    scores: dict[str, TaskScore]
    """The cells by task id; a task that has no score yet is absent, never 0."""
    average: FiniteFloat | None
    """Mean of all normalised scores, 0 to 100; null while a task is outstanding."""
    provisional: bool
    """True while tasks are outstanding; a provisional row is shown but not ranked."""
    outstanding: tuple[str, ...]
    """Ids of the tasks without a score."""
    run: int
    """The run the scores are from; 0 for imported ones."""
    seconds: FiniteFloat
    """Wall-clock time of the scored tasks together, in seconds."""
    updated_at: AwareDatetime
    """When the newest score came in."""
    board_version: int
    """Version of the board's definition that the scores were normalised with."""
    flag: Flag | None = None
    """A moderator's mark; null when there is none."""
    base_models: tuple[str, ...] = ()
    """What the model card names as `base_model`; several for a merge."""
    generation: int = 0
    """Hops to the farthest ancestor by the `base_model` of the cards; 0 for a base model."""
    is_merge: bool = False
    """Whether tags, card metadata or mergekit's files make it a merge."""
    is_mixture_of_experts: bool = False
    """Whether tags, architecture or config make it a mixture of experts."""
    same_weights_as: tuple[RepoId, ...] = ()
    """Models under other names that were accepted earlier with equal weights, by their names today;
    without those in its lineage, and those that a moderator has settled."""
    origin: Origin = Origin.EVALUATED
    """How the row came about."""
    source: str = ""
    """What it was imported from, such as a data set on the Hub; empty for rows evaluated here."""
    is_official: bool = False
    """Whether its organisation is an official provider."""
    is_available: bool = True
    """Whether the repository was on the Hub and readable when somebody last looked."""
    likes: int | None = None
    """Likes on the Hub when somebody last looked; null when unknown."""
    submitted_at: AwareDatetime | None = None
    """When it was submitted, here or where it was imported from; null when unknown."""
    uploaded_at: AwareDatetime | None = None
    """When the repository was made on the Hub; null when unknown."""
    co2_kg: FiniteFloat | None = None
    """Emissions of the scored tasks together, in kg of CO₂ equivalent; null when unknown."""
    average_stderr: FiniteFloat | None = None
    """Standard error of `average`, same scale; null where that of a task is unknown."""
    scoring_version: str = ""
    """What decides how raw scores become these: a digest of the board's tasks and of the formulas.
    """
    averages: tuple[Level, ...] = ()
    """Every average it has had, the oldest first; empty before the first."""


class Departed(View):
    """A row that was on a board and is not now: the ranks of others were such because of it."""

    SUBJECT: ClassVar[str] = "podium.v1.view.departed.{board}.{sid}"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "gateway"

    board: str
    """Name of the board."""
    sid: SubmissionId
    """The submission."""
    averages: tuple[Level, ...]
    """Every average it has had, the oldest first; the last is null."""


class Move(Contract):
    """A row that a new definition moved."""

    sid: SubmissionId
    """The submission."""
    repo_id: ListedName
    """The model's name at that time."""
    before: FiniteFloat | None
    """Its average by the old definition; null while a task was outstanding."""
    after: FiniteFloat | None
    """Its average by the new one; null while a task is outstanding."""
    rank_before: int | None
    """Its place on the whole board by the old definition, from 1; null when it had none."""
    rank_after: int | None
    """Its place by the new one."""


class Rescoring(View):
    """What a new definition of a board did to the rows that stood on it."""

    SUBJECT: ClassVar[str] = "podium.v1.view.rescoring.{board}.{sequence}"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "gateway"

    board: str
    """Name of the board."""
    sequence: int = Field(ge=1)
    """The place in EVENTS of the new definition's `board.defined`."""
    at: AwareDatetime
    """Since when it holds."""
    old_version: int
    """Version of the old definition."""
    version: int
    """Version of the new one."""
    scoring_version: str
    """The new one's digest, as on the entries."""
    old_scoring_version: str = ""
    """The old one's; empty where it was not kept."""
    differences: tuple[str, ...] = ()
    """What is different in the new one, in sentences; empty where it was not kept."""
    rows: int = Field(ge=0)
    """Rows that stood on the board."""
    moved: int = Field(ge=0)
    """How many of them have another average."""
    moves: tuple[Move, ...]
    """Those, 500 at most: first those that lost or won their average, then by how many places they
    moved, then by the difference of the averages."""


class Decision(View):
    """One decision of a moderator, for everybody to read."""

    SUBJECT: ClassVar[str] = "podium.v1.view.decision.{sequence}"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "gateway"

    sequence: int = Field(ge=1)
    """Its event's place in EVENTS."""
    at: AwareDatetime
    """When it was taken."""
    what: str
    """The event's name without `podium.v1.moderation.`, such as `flagged`."""
    about: str
    """The repository, user, organisation or submission; or which evaluators."""
    reason: str
    """Why; empty for a rename."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""
    link: str | None = None
    """Public discussion; null when there is none."""
    new_repo_id: RepoId | None = None
    """The name from now on; null unless it is a rename."""
    dead_letter: int | None = None
    """Place in DEAD_LETTERS of what was replayed; null unless it is a replay."""


class Ruling(Contract):
    """A decision that stands."""

    name: str
    """The repository, user or organisation."""
    reason: str
    """Why, in the moderator's words."""
    at: AwareDatetime
    """Since when."""


class Policy(View):
    """What moderators' decisions mean for submissions. Absent before the first of them."""

    SUBJECT: ClassVar[str] = "podium.v1.view.policy"
    WRITER: ClassVar[str] = "aggregator"
    READERS: ClassVar[str] = "validator, gateway"

    official_providers: tuple[Ruling, ...] = ()
    """Organisations and users without quotas, whose models only moderators have run again."""
    barred: tuple[Ruling, ...] = ()
    """Repositories that may not be submitted."""
    banned: tuple[Ruling, ...] = ()
    """Users who may change nothing here."""
