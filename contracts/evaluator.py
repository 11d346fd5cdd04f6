"""Who is there to evaluate: what evaluators say of themselves while they are up."""

from typing import ClassVar

from pydantic import AwareDatetime, Field, PositiveFloat

from contracts.base import Contract, Message
from contracts.models import SubmissionId, Tier
from contracts.operation import HoldKind

MISSED_UNTIL_GONE = 3
"""An evaluator that misses so many of its messages in a row is taken for dead."""


class DeviceWork(Contract):
    """The run that a device works on."""

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """Which evaluation of the submission this is."""
    attempt: int = Field(ge=1)
    """How often the job has been delivered."""
    task: str | None = None
    """The board's task id; null until the first is begun."""


class EvaluatorDevice(Contract):
    """What one model at a time runs on."""

    name: str
    """What `EvaluationStarted.evaluator` says: the evaluator's name, numbered where it has several
    devices."""
    device: str
    """What it is, such as `cpu` or `NVIDIA H200`."""
    since: AwareDatetime
    """Since when it has been at this run, or idle."""
    work: DeviceWork | None = None
    """What it is at; null while it waits for a job."""


class EvaluatorPresence(Message):
    """An evaluator is there. Core NATS, not stored: published every few seconds, on every change,
    and a last time at an orderly end."""

    SUBJECT: ClassVar[str] = "podium.v1.evaluator.{name}"
    WRITER: ClassVar[str] = "evaluator"
    READERS: ClassVar[str] = "gateway"

    name: str
    """What its operator calls it."""
    instance: str
    """Made up anew by each process, so that two of one name are told apart."""
    tiers: tuple[Tier, ...]
    """Size classes whose jobs it takes."""
    devices: tuple[EvaluatorDevice, ...]
    """Each takes one job at a time."""
    started_at: AwareDatetime
    """Since when it has been ready for jobs."""
    version: str = ""
    """Podium's version; empty if unknown."""
    every_s: PositiveFloat = 5
    """Longest time to its next message, in seconds."""
    draining: bool = False
    """It was told to stop: it takes no more jobs, and ends what it is at."""
    on_hold: dict[Tier, HoldKind] = Field(default={})
    """Size classes whose jobs it takes no more, because an operator has asked for that."""
    stopped: bool = False
    """This is its last message."""
