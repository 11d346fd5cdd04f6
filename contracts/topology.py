"""Streams, durable consumers and buckets, as data. Operators scale on these names: they are part
of the contract, and KEDA finds them by name."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.models import Lane, Tier
from contracts.submission import (
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRerunRequested,
)


class Retention(StrEnum):
    """`limits` keeps messages whether read or not; `workqueue` drops what has been handled."""

    LIMITS = "limits"
    WORK_QUEUE = "workqueue"


@dataclass(frozen=True)
class Source:
    """Messages that the server itself copies from another stream, under another subject."""

    stream: str
    subject: str
    becomes: str


@dataclass(frozen=True)
class Stream:
    name: str
    description: str
    subjects: tuple[str, ...] = ()
    source: Source | None = None
    retention: Retention = Retention.LIMITS
    max_messages_per_subject: int = -1
    max_age_s: float = 0
    append_only: bool = False


@dataclass(frozen=True)
class Consumer:
    """One service's place in a stream. Silence for `ack_wait_s` means that its worker died;
    `max_deliver` -1 is for ever."""

    name: str
    stream: Stream
    subjects: tuple[str, ...]
    ack_wait_s: float = 60
    max_deliver: int = 3
    max_ack_pending: int = 256


EVENTS = Stream(
    name="EVENTS",
    description="What happened. Append-only, kept for ever, the only source of truth.",
    subjects=(
        "podium.v1.submission.>",
        "podium.v1.evaluation.>",
        "podium.v1.moderation.>",
        "podium.v1.vote.>",
        "podium.v1.import.>",
        "podium.v1.board.>",
    ),
    append_only=True,
)
JOBS = Stream(
    name="JOBS",
    description="What to run. The server copies every accepted submission into it.",
    source=Source(
        stream=EVENTS.name,
        subject=SubmissionAccepted.subject_filter(),
        becomes="podium.v1.job.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
    ),
    retention=Retention.WORK_QUEUE,
)
VIEWS = Stream(
    name="VIEWS",
    description="How things stand: the last value per subject. Derived; may be rebuilt.",
    subjects=("podium.v1.view.>",),
    max_messages_per_subject=1,
)
DEAD_LETTERS = Stream(
    name="DEAD_LETTERS",
    description="What nobody could handle, with the reason: advisories and unreadable messages.",
    subjects=(
        "podium.v1.dead.>",
        "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
        "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
    ),
    max_age_s=90 * 24 * 3600,
)
CHECKPOINTS = Stream(
    name="CHECKPOINTS",
    description="Answers of tasks that are being scored, so that another evaluator can go on.",
    subjects=("podium.v1.checkpoint.>",),
    max_age_s=7 * 24 * 3600,
)
# EVENTS before JOBS: a stream can only be sourced once it exists.
STREAMS = (EVENTS, JOBS, VIEWS, DEAD_LETTERS, CHECKPOINTS)

DETAILS_BUCKET = "details"
SNAPSHOTS_BUCKET = "snapshots"


@dataclass(frozen=True)
class Bucket:
    """An object store; objects older than `max_age_s` go, 0 keeps them for ever."""

    name: str
    description: str
    max_age_s: float = 0


BUCKETS = (
    Bucket(DETAILS_BUCKET, "Per-sample records, one Parquet file per task."),
    # With an age, because the parts of one that was never finished have no other end.
    Bucket(SNAPSHOTS_BUCKET, "Folds of EVENTS, to start from. May be emptied.", 30 * 24 * 3600),
)


def dead_letter_subject(reader: str, key: str = "") -> str:
    """Where a message goes that `reader`, a consumer or a service, cannot handle. A subject with a
    key takes one message."""
    return f"podium.v1.dead.{reader}.{key}" if key else f"podium.v1.dead.{reader}"


def jobs_of(sid: str = "*") -> str:
    """The jobs of a submission, in whichever queues they are."""
    return f"podium.v1.job.*.*.{sid}"


def job_subject(tier: Tier, lane: Lane, sid: str = "*") -> str:
    return f"podium.v1.job.{tier}.{lane}.{sid}"


def checkpoint_subject(sid: str, run: int, task: str) -> str:
    """Where the finished slices of one task are, oldest first; purged when its scores are in."""
    return f"podium.v1.checkpoint.{sid}.{run}.{task}"


# A Hub that is away for an hour must not cost a submission: about 70 minutes of growing delays.
VALIDATOR = Consumer(
    "validator",
    EVENTS,
    (SubmissionReceived.subject_filter(), SubmissionRerunRequested.subject_filter()),
    max_deliver=82,
)
REPAIRS = Consumer("aggregator_repairs", DEAD_LETTERS, DEAD_LETTERS.subjects, max_deliver=-1)
# An evaluator that is told to stop hands its job back, which counts as a delivery as well: a few
# restarts of the operator's must not cost a submission.
EVALUATORS = {
    (tier, lane): Consumer(
        f"evaluator_{tier}_{lane}", JOBS, (job_subject(tier, lane),), max_deliver=8
    )
    for tier in Tier
    for lane in Lane
}
CONSUMERS = (VALIDATOR, REPAIRS, *EVALUATORS.values())
