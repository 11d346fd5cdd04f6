"""The HTTP API's own shapes, and how they map to the contracts. Nothing else knows both."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

import msgspec

from contracts import board as contract_board
from contracts import evaluation as contract_evaluation
from contracts import views as contract_views
from contracts.models import Lane, ModelRef, ModelType, Precision, Tier, WeightType
from contracts.submission import SubmissionReceived, submission_id
from contracts.views import RequestState
from services.gateway.hub import ResolvedModel
from services.gateway.ranking import Row

T = TypeVar("T")
# Python's `$` also matches before a final newline; the lookahead forbids that.
RepoId = Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+/[\w.-]+$(?!\n)", max_length=200)]


class Items(msgspec.Struct, Generic[T], frozen=True):
    """A list, in an object so that it can grow."""

    items: tuple[T, ...]


# ── submitting ───────────────────────────────────────────────────────────────────────────────────


class SubmissionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model to evaluate. Only `model` is required on a server with one board."""

    model: RepoId
    """Repository on the Hub, `namespace/name`."""
    revision: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "main"
    """Branch, tag or commit; what counts is the commit it points to now."""
    precision: Precision = Precision.BFLOAT16
    board: str | None = None
    """May be left out where there is only one."""
    model_type: ModelType = ModelType.PRETRAINED
    weight_type: WeightType = WeightType.ORIGINAL
    base_model: RepoId | None = None
    """What an adapter or delta changes; required for these and refused for whole weights."""
    chat_template: bool | None = None
    """Whether prompts are wrapped in the tokenizer's chat template. When it is left out they are
    for `model_type` `chat`, and otherwise not."""

    def __post_init__(self) -> None:
        if self.weight_type is WeightType.ORIGINAL and self.base_model is not None:
            raise ValueError(
                f"`base_model` is {self.base_model!r} although `weight_type` is `original`;"
                " leave one of them out"
            )
        if self.weight_type is not WeightType.ORIGINAL and self.base_model is None:
            raise ValueError(f"`weight_type` {self.weight_type.value!r} needs a `base_model`")

    @property
    def wraps_prompts(self) -> bool:
        if self.chat_template is None:
            return self.model_type is ModelType.CHAT
        return self.chat_template


class SubmissionReceipt(msgspec.Struct, frozen=True):
    id: str
    """Of the request; equal submissions have equal ids."""
    status_url: str
    page_url: str


def received(
    request: SubmissionRequest, board: str, resolved: ResolvedModel, submitter: str | None
) -> SubmissionReceived:
    model = ModelRef(
        repo_id=resolved.repo_id,
        commit=resolved.commit,
        precision=request.precision,
        weight_type=request.weight_type,
        base_model=request.base_model,
        chat_template=request.wraps_prompts,
    )
    return SubmissionReceived(
        sid=submission_id(model, board),
        board=board,
        model=model,
        model_type=request.model_type,
        requested_revision=request.revision,
        submitter=submitter,
    )


def receipt(sid: str) -> SubmissionReceipt:
    return SubmissionReceipt(id=sid, status_url=status_url(sid), page_url=f"/requests/{sid}")


def status_url(sid: str) -> str:
    return f"/api/v1/requests/{sid}"


# ── requests ─────────────────────────────────────────────────────────────────────────────────────


class Reason(msgspec.Struct, frozen=True):
    code: str
    message: str
    advice: str


class Failure(msgspec.Struct, frozen=True):
    cause: contract_evaluation.FailureCause
    reason: Reason
    log_tail: str


class TaskProgress(msgspec.Struct, frozen=True):
    task: str
    scored_at: datetime | None
    seconds: float | None
    score: float | None
    """Normalised, 0 to 100."""


class HistoryEntry(msgspec.Struct, frozen=True):
    at: datetime
    what: str
    note: str


class Delay(msgspec.Struct, frozen=True):
    reason: Reason
    """What stands in the way, such as `hub-unavailable`."""
    since: datetime
    at: datetime
    """When that was last said; the longer it lasts, the more rarely."""


class RequestSummary(msgspec.Struct, frozen=True):
    """A submission and where it stands."""

    id: str
    board: str
    model: str
    """Repository on the Hub."""
    revision: str
    """As the submitter wrote it."""
    commit: str
    precision: Precision
    weight_type: WeightType
    base_model: str | None
    chat_template: bool
    model_type: ModelType
    submitter: str | None
    state: RequestState
    received_at: datetime
    updated_at: datetime
    run: int
    attempt: int
    tier: Tier | None
    lane: Lane | None
    parameters: int | None
    tasks_scored: int
    tasks_total: int
    """0 until the submission is accepted."""
    status_url: str
    delay: Delay | None
    """Why it is not validated yet, where something stands in the way."""
    same_weights_as: tuple[str, ...]
    """Models under other names that were accepted earlier with equal weights, by their names today;
    relatives are left out."""


class RequestDetails(RequestSummary, frozen=True):
    """Everything that is known about a submission."""

    evaluator: str | None
    reasons: tuple[Reason, ...]
    """Every rule it broke; empty unless rejected."""
    warnings: tuple[Reason, ...]
    failure: Failure | None
    tasks: tuple[TaskProgress, ...]
    votes: int
    promoted: bool
    """Whether a moderator wants it sooner."""
    history: tuple[HistoryEntry, ...]
    """Oldest first."""


class RequestPage(Items[RequestSummary], frozen=True):
    """Newest first."""

    next: str | None
    """Address of the page that follows; null on the last."""


def request_summary(request: contract_views.Request) -> RequestSummary:
    return RequestSummary(
        id=request.sid,
        board=request.board,
        model=request.model.repo_id,
        revision=request.requested_revision,
        commit=request.model.commit,
        precision=request.model.precision,
        weight_type=request.model.weight_type,
        base_model=request.model.base_model,
        chat_template=request.model.chat_template,
        model_type=request.model_type,
        submitter=request.submitter,
        state=request.state,
        received_at=request.received_at,
        updated_at=request.updated_at,
        run=request.run,
        attempt=request.attempt,
        tier=request.tier,
        lane=request.lane,
        parameters=request.parameters,
        tasks_scored=sum(task.scored_at is not None for task in request.tasks),
        tasks_total=len(request.tasks),
        status_url=status_url(request.sid),
        delay=_as(Delay, request.delay) if request.delay else None,
        same_weights_as=request.same_weights_as,
    )


def request_details(request: contract_views.Request) -> RequestDetails:
    return RequestDetails(
        **msgspec.structs.asdict(request_summary(request)),
        evaluator=request.evaluator,
        reasons=_as(tuple[Reason, ...], request.reasons),
        warnings=_as(tuple[Reason, ...], request.warnings),
        failure=_as(Failure, request.failure) if request.failure else None,
        tasks=_as(tuple[TaskProgress, ...], request.tasks),
        votes=request.votes,
        promoted=request.promoted,
        history=_as(tuple[HistoryEntry, ...], request.history),
    )


# ── boards and entries ───────────────────────────────────────────────────────────────────────────


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


class Score(msgspec.Struct, frozen=True):
    """A cell."""

    raw: float
    """Average of the raw metrics, usually 0 to 1."""
    normalized: float
    """0 at chance, 100 at a raw 1.0."""


class Flag(msgspec.Struct, frozen=True):
    reason: str
    link: str | None
    at: datetime


class BoardEntry(msgspec.Struct, frozen=True):
    """A row."""

    rank: int | None
    """Equal averages share a rank; null while the row is provisional."""
    request_id: str
    model: str
    """The repository's name today."""
    commit: str
    precision: Precision
    weight_type: WeightType
    base_model: str | None
    chat_template: bool
    model_type: ModelType
    architecture: str
    license: str
    parameters: int
    average: float | None
    """Mean of all normalised scores, 0 to 100; null while a task is outstanding."""
    provisional: bool
    outstanding: tuple[str, ...]
    """Tasks without a score; they are absent from `scores`."""
    scores: dict[str, Score]
    seconds: float
    """Wall-clock time of the scored tasks together."""
    run: int
    board_version: int
    updated_at: datetime
    flag: Flag | None


class SubtaskScore(Score, frozen=True):
    harness_task: str
    stderr: float | None
    """Of the raw score."""
    samples: int
    prompt_hash: str
    """lm-eval's `task_hashes`: equal when the model was asked the same; empty if unknown."""
    data_set: str
    data_revision: str
    """Commit of the data set; empty if unknown."""


class Engine(msgspec.Struct, frozen=True):
    name: str
    reason: str
    """Why this one."""
    probed: int
    """Requests that lm-eval's own backend answered as well."""
    difference: float | None
    """Largest difference of a log-likelihood from lm-eval's own backend there, in nats."""


class Tokens(msgspec.Struct, frozen=True):
    forwarded: int
    stock: int
    """What lm-eval's own backend forwards at batch size 1."""
    generated: int


class Energy(msgspec.Struct, frozen=True):
    """Of what the model ran on, its GPUs or else the CPU."""

    kwh: float
    co2_kg: float
    method: contract_evaluation.EnergyMethod


class Provenance(msgspec.Struct, frozen=True):
    """How a score came about."""

    engine: Engine
    dtype: str
    device: str
    seed: int
    limit: int | None
    """Documents per lm-eval task; null for all."""
    tokens: Tokens
    phases: dict[str, float]
    """Seconds by phase."""
    energy: Energy | None
    command: str
    """What reproduces the scores with lm-eval alone, one command per line."""


class ScoreDetails(Score, frozen=True):
    seconds: float
    engine: str
    versions: dict[str, str]
    subtasks: tuple[SubtaskScore, ...]
    provenance: Provenance | None
    """Null for scores from before this was kept."""


class BoardEntryDetails(BoardEntry, frozen=True):
    """A row with what its cells are made of."""

    details: dict[str, ScoreDetails]
    """By task, as `scores`."""


class BoardEntries(Items[BoardEntry], frozen=True):
    """Ranked rows, the best first, then the provisional ones."""

    board: str
    board_version: int


def board(standing: contract_board.Board) -> Board:
    return Board(
        name=standing.name,
        title=standing.title,
        description=standing.description,
        version=standing.version,
        tasks=_as(tuple[BoardTask, ...], standing.tasks),
        max_parameters=dict(standing.limits.max_parameters),
        limit=standing.limit,
        entries_url=f"/api/v1/boards/{standing.name}/entries",
    )


def board_entry(row: Row) -> BoardEntry:
    entry = row.entry
    return BoardEntry(
        rank=row.rank,
        request_id=entry.sid,
        model=entry.repo_id,
        commit=entry.model.commit,
        precision=entry.model.precision,
        weight_type=entry.model.weight_type,
        base_model=entry.model.base_model,
        chat_template=entry.model.chat_template,
        model_type=entry.model_type,
        architecture=entry.architecture,
        license=entry.license,
        parameters=entry.parameters,
        average=entry.average,
        provisional=entry.provisional,
        outstanding=entry.outstanding,
        scores=_as(dict[str, Score], entry.scores),
        seconds=entry.seconds,
        run=entry.run,
        board_version=entry.board_version,
        updated_at=entry.updated_at,
        flag=_as(Flag, entry.flag) if entry.flag else None,
    )


def board_entry_details(row: Row) -> BoardEntryDetails:
    return BoardEntryDetails(
        **msgspec.structs.asdict(board_entry(row)),
        details=_as(dict[str, ScoreDetails], row.entry.scores),
    )


def _as(shape: type[T], contract: object) -> T:
    """The fields that `shape` names, from a contract that has them under the same names."""
    return msgspec.convert(contract, shape, from_attributes=True)
