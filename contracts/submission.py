"""Events in the life of a submission before and beside its evaluation."""

import hashlib
import json
from typing import ClassVar

from pydantic import Field

from contracts.base import Event
from contracts.check import RuleOutcomes
from contracts.models import (
    Commit,
    Lane,
    ListedModel,
    ModelRef,
    ModelType,
    Reason,
    SubmissionId,
    Tier,
)


def submission_id(model: ListedModel, board: str) -> str:
    """The first 80 bits of SHA-256 over what makes a submission unique, in hex. Equal submissions
    have equal ids, whichever gateway they came through."""
    identity = json.dumps([board, model.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:20]


def wraps_prompts(said: bool | None, model_type: ModelType) -> bool:
    """Whether prompts are wrapped in the chat template: what the submitter says, and when that is
    nothing, those of chat models."""
    return model_type is ModelType.CHAT if said is None else said


class SubmissionReceived(Event):
    """Somebody asked for a model to be evaluated. Nothing but its commit has been looked up yet.

    Published with `Nats-Expected-Last-Subject-Sequence: 0`, so the stream itself refuses the second
    of two equal submissions."""

    SUBJECT: ClassVar[str] = "podium.v1.submission.received.{sid}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "validator, aggregator"

    sid: SubmissionId
    """Content hash of model and board; the submission's name everywhere."""
    board: str
    """Name of the board it is for."""
    model: ModelRef
    """The exact weights, and how to load them."""
    model_type: ModelType
    """What its submitter says it is."""
    requested_revision: str = "main"
    """Branch, tag or commit as the submitter wrote it."""
    submitter: str | None = None
    """Hub user name that was proved at submission; null on an open gateway."""


class SubmissionAccepted(Event):
    """The submission passed every rule. This message is the job: the server copies it into JOBS."""

    SUBJECT: ClassVar[str] = "podium.v1.submission.accepted.{tier}.{lane}.{sid}"
    WRITER: ClassVar[str] = "validator; aggregator for a job that moves to the high lane"
    READERS: ClassVar[str] = "evaluator (as a job), aggregator"

    sid: SubmissionId
    """The submission."""
    board: str
    """Name of the board it is for."""
    model: ModelRef
    """The exact weights, and how to load them."""
    run: int = Field(default=1, ge=1)
    """1 for the first evaluation, one more for each re-run."""
    tier: Tier
    """Accelerator memory it needs."""
    lane: Lane = Lane.NORMAL
    """How soon it is served within its tier."""
    parameters: int = Field(ge=0)
    """Number of parameters, counted from the safetensors headers."""
    weight_bytes: int = Field(ge=0)
    """Size of the weights once loaded at the submitted precision, in bytes."""
    architecture: str
    """First entry of the config's `architectures`, such as `LlamaForCausalLM`."""
    license: str
    """Licence identifier from the model card."""
    base_commit: Commit | None = None
    """The newest commit of `model.base_model` when it was validated; null for whole weights."""
    base_models: tuple[str, ...] = ()
    """What the model card names as `base_model`; several for a merge."""
    generation: int = Field(default=0, ge=0)
    """Hops to the farthest ancestor by the `base_model` of the cards; 0 for a base model."""
    is_merge: bool = False
    """Whether tags, card metadata or mergekit's files make it a merge."""
    is_mixture_of_experts: bool = False
    """Whether tags, architecture or config make it a mixture of experts."""
    warnings: tuple[Reason, ...] = ()
    """What the submitter should know although it is no reason to refuse."""
    rules: RuleOutcomes | None = None
    """Every other rule; null from before this was told."""
    weights_digest: str = ""
    """Equal for equal files of weights: SHA-256, in hex, over the sorted SHA-256 of the safetensors
    files that count; empty where the Hub names none."""


class SubmissionDelayed(Event):
    """The submission cannot be validated yet, by no fault of its own. It is looked at again."""

    SUBJECT: ClassVar[str] = "podium.v1.submission.delayed.{sid}"
    WRITER: ClassVar[str] = "validator"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """The run that it is validated for."""
    reason: Reason
    """What stands in the way, such as `hub-unavailable`, and what to do."""


class SubmissionRejected(Event):
    """The submission broke at least one rule. It will not be evaluated."""

    SUBJECT: ClassVar[str] = "podium.v1.submission.rejected.{sid}"
    WRITER: ClassVar[str] = "validator"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission."""
    reasons: tuple[Reason, ...] = Field(min_length=1)
    """Every rule it broke, not only the first."""
    warnings: tuple[Reason, ...] = ()
    """What the submitter should know beside them."""
    rules: RuleOutcomes | None = None
    """Every other rule; null from before this was told, and where none could be asked."""


class SubmissionCancelled(Event):
    """Its submitter or a moderator no longer wants it evaluated; a running evaluation stops."""

    SUBJECT: ClassVar[str] = "podium.v1.submission.cancelled.{sid}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "validator, evaluator, aggregator"

    sid: SubmissionId
    """The submission."""
    by: str | None = None
    """Hub user name of who cancelled it; null on an open gateway."""
    note: str = ""
    """Why, in the words of who cancelled it; may be empty."""


class SubmissionRerunRequested(Event):
    """Somebody asked for a finished or failed submission to be evaluated again."""

    SUBJECT: ClassVar[str] = "podium.v1.submission.rerun_requested.{sid}.{run}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "validator, aggregator"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=2)
    """The number of the run that it asks for."""
    by: str | None = None
    """Hub user name of who asked; null on an open gateway."""
    note: str = ""
    """Why, in the words of who asked; may be empty."""


class SubmissionPromoted(Event):
    """A moderator wants a waiting submission served before the others of its tier."""

    SUBJECT: ClassVar[str] = "podium.v1.submission.promoted.{sid}.{run}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """Which evaluation of the submission it is about."""
    by: str | None = None
    """Hub user name of the moderator; null on an open gateway."""
    note: str = ""
    """Why, in the words of the moderator; may be empty."""
