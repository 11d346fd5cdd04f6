"""The HTTP API's own shapes, and how they map to the contracts. Nothing else knows both."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

import msgspec

from contracts import evaluation as contract_evaluation
from contracts import views as contract_views
from contracts.models import Lane, ModelRef, ModelType, Precision, Tier, WeightType
from contracts.submission import SubmissionReceived, submission_id, wraps_prompts
from contracts.views import RequestState
from services.gateway.queue.outlook import Outlook
from services.gateway.queue.views import Progress, QueuePlace, progress, queue_place
from services.gateway.requests.timeline import sentence, who
from services.gateway.requests.verdict import AskedRule, Validation, asked_rules, validation
from services.gateway.submitting.hub import ResolvedModel

T = TypeVar("T")
# Python's `$` also matches before a final newline; the lookahead forbids that.
RepoId = Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+/[\w.-]+$(?!\n)", max_length=200)]


class Items(msgspec.Struct, Generic[T], frozen=True):
    """A list, in an object so that it can grow. What has more fields declares `items` itself:
    of a subclass, Litestar would not know in the OpenAPI document what it holds."""

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


class SubmissionReceipt(msgspec.Struct, frozen=True):
    id: str
    """Of the request; equal submissions have equal ids."""
    status_url: str
    page_url: str


def received(
    request: SubmissionRequest,
    board: str,
    resolved: ResolvedModel,
    submitter: str | None,
    base: ResolvedModel | None = None,
) -> SubmissionReceived:
    """`base` is the request's `base_model` on the Hub."""
    model = ModelRef(
        repo_id=resolved.repo_id,
        commit=resolved.commit,
        precision=request.precision,
        weight_type=request.weight_type,
        base_model=base.repo_id if base else None,
        chat_template=wraps_prompts(request.chat_template, request.model_type),
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
    """The event's name without `podium.v1.`."""
    note: str
    by: str | None
    """The Hub user who did it; null for what services did, and on an open gateway."""
    sentence: str
    """The same for people."""


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
    evaluator: str | None
    """That took it last."""
    queue: QueuePlace | None
    """Null unless it waits."""
    progress: Progress | None
    """Null unless it runs."""
    status_url: str
    delay: Delay | None
    """Why it is not validated yet, where something stands in the way."""
    same_weights_as: tuple[str, ...]
    """Models under other names that were accepted earlier with equal weights, by their names today;
    relatives are left out."""


class Situation(msgspec.Struct, frozen=True):
    what: str
    """What has happened, in a sentence or two."""
    since: datetime
    next_step: str
    """What its submitter can do, if only wait."""


class RequestDetails(RequestSummary, frozen=True):
    """Everything that is known about a submission."""

    situation: Situation
    reasons: tuple[Reason, ...]
    """Every rule it broke; empty unless rejected."""
    warnings: tuple[Reason, ...]
    rules: tuple[AskedRule, ...]
    """All of them with how they came out in the last verdict; empty before it, and where it is from
    before this was told."""
    validation: Validation | None
    """How they come out so far; null unless a validator is at it."""
    failure: Failure | None
    tasks: tuple[TaskProgress, ...]
    votes: int
    promoted: bool
    """Whether a moderator wants it sooner."""
    history: tuple[HistoryEntry, ...]
    """Oldest first."""


class RequestPage(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[RequestSummary, ...]
    next: str | None
    """Address of the page that follows; null on the last."""


def request_summary(request: contract_views.Request, outlook: Outlook) -> RequestSummary:
    place = outlook.place(request)
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
        evaluator=request.evaluator,
        queue=queue_place(place) if place else None,
        progress=request_progress(request, outlook),
        status_url=status_url(request.sid),
        delay=as_shape(Delay, request.delay) if request.delay else None,
        same_weights_as=request.same_weights_as,
    )


def request_details(request: contract_views.Request, outlook: Outlook) -> RequestDetails:
    return RequestDetails(
        **msgspec.structs.asdict(request_summary(request, outlook)),
        situation=as_shape(Situation, outlook.situation(request)),
        reasons=as_shape(tuple[Reason, ...], request.reasons),
        warnings=as_shape(tuple[Reason, ...], request.warnings),
        rules=asked_rules(request.reasons, request.warnings, request.rules),
        validation=request_validation(request, outlook),
        failure=as_shape(Failure, request.failure) if request.failure else None,
        tasks=as_shape(tuple[TaskProgress, ...], request.tasks),
        votes=request.votes,
        promoted=request.promoted,
        history=request_history(request),
    )


def request_progress(request: contract_views.Request, outlook: Outlook) -> Progress | None:
    if request.state is not RequestState.RUNNING:
        return None
    return progress(outlook.progress(request), outlook.time_left(request))


def request_validation(request: contract_views.Request, outlook: Outlook) -> Validation | None:
    told = outlook.validation(request)
    return validation(told) if told else None


def request_history(request: contract_views.Request) -> tuple[HistoryEntry, ...]:
    """Oldest first."""
    return tuple(
        HistoryEntry(
            at=entry.at,
            what=entry.what,
            note=entry.note,
            by=(by := who(entry, request.submitter)),
            sentence=sentence(entry, by),
        )
        for entry in request.history
    )


def as_shape(shape: type[T], contract: object) -> T:
    """The fields that `shape` names, from a contract that has them under the same names."""
    return msgspec.convert(contract, shape, from_attributes=True)
