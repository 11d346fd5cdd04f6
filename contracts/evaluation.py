"""Events of an evaluation. One run may take several attempts, when an evaluator dies."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field, FiniteFloat

from contracts.base import Contract, Event, Message
from contracts.models import Reason, SubmissionId


class EvaluationStarted(Event):
    """An evaluator took the job. A later attempt of the same run publishes it again."""

    SUBJECT: ClassVar[str] = "podium.v1.evaluation.started.{sid}.{run}"
    WRITER: ClassVar[str] = "evaluator"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """Which evaluation of the submission this is."""
    attempt: int = Field(ge=1)
    """How often the job has been delivered; of two attempts the higher one counts."""
    evaluator: str
    """Name of the evaluator that took the job."""
    device: str
    """What the model runs on, such as `cpu` or `NVIDIA H200`."""
    tasks: tuple[str, ...]
    """The board's task ids, in the order they will be scored."""


class DataSet(Contract):
    """The rows an lm-eval task was scored on."""

    repo_id: str
    """Data set on the Hub, or the builder (`json`) of a local one."""
    config: str = ""
    """Its configuration, such as `abstract_algebra`; empty when it has one only."""
    revision: str = ""
    """Commit the rows were read at, 40 hex digits; empty when it could not be told."""
    fingerprint: str = ""
    """`datasets`' fingerprint of the scored split; equal for equal files prepared equally."""


class HarnessResult(Contract):
    """What lm-eval reports for one of its tasks, unrounded and not normalised."""

    task: str
    """lm-eval's task name, such as `leaderboard_bbh_snarks`."""
    version: str
    """The version in lm-eval's task definition; empty when it has none."""
    shots: int = Field(ge=0)
    """Number of few-shot examples in each prompt."""
    samples: int = Field(ge=0)
    """Number of documents that were scored."""
    metrics: dict[str, FiniteFloat]
    """Raw metrics under lm-eval's keys, `metric,filter`, such as `acc_norm,none`; mostly 0 to 1."""
    stderrs: dict[str, FiniteFloat | None]
    """Standard error of each metric, same keys and unit; null where lm-eval gives none."""
    prompt_hash: str = ""
    """lm-eval's `task_hashes`: SHA-256 over the hashes of every document, its first prompt and its
    target, 64 hex digits; empty if unknown. Equal hashes: two runs asked the model the same."""
    data: DataSet | None = None
    """Where the questions came from; null for scores from before this was kept."""


class Details(Contract):
    """Where the per-sample records of one task are."""

    object_name: str
    """Name in the `details` object store; a Parquet file with one row per sample."""
    rows: int = Field(ge=0)
    """Number of samples in the file."""
    size_bytes: int = Field(ge=0)
    """Size of the file."""
    sha256: str
    """Digest of the file, 64 hex digits."""


class Engine(Contract):
    """How the answers of a task were computed, and how that was decided."""

    name: str
    """`tree` (prefix tree), `fork` (shared cache), `continuous` (continuous batching), `vllm`, or
    `hf` for lm-eval's own transformers backend."""
    reason: str = ""
    """Why this one; names what the faster ones failed at."""
    probed: int = Field(default=0, ge=0)
    """Requests that lm-eval's own backend answered as well, before the engine was trusted."""
    difference: FiniteFloat | None = None
    """Largest difference of a log-likelihood from lm-eval's own backend there, in nats; null when
    nothing was probed."""


class Tokens(Contract):
    """What the model was fed and what it wrote."""

    forwarded: int = Field(ge=0)
    """Token positions that went through the model, padding and probes included."""
    stock: int = Field(ge=0)
    """What lm-eval's own backend forwards for the same requests at batch size 1."""
    generated: int = Field(default=0, ge=0)
    """Tokens the model wrote."""


class EnergyMethod(StrEnum):
    """`measured` by the counters of the device, or `estimated` from its power and the time."""

    MEASURED = "measured"
    ESTIMATED = "estimated"


class Energy(Contract):
    """What a task cost."""

    kwh: FiniteFloat = Field(ge=0)
    """Electrical energy of what the model ran on, its GPUs or else the CPU, in kWh."""
    co2_kg: FiniteFloat = Field(ge=0)
    """Emissions that go with it, in kg of CO₂ equivalent."""
    method: EnergyMethod
    """How it is known."""


class Provenance(Contract):
    """How the scores of a task came about: enough to run it again and to explain a difference."""

    engine: Engine
    """How log-likelihoods were computed; for a generated task, how text was."""
    dtype: str
    """Number format the model ran in, such as `bfloat16`."""
    device: str
    """What it ran on, such as `cpu` or `NVIDIA H200`."""
    seed: int
    """Seed of few-shot samples and of everything random."""
    limit: int | None = None
    """Documents per lm-eval task; null for all."""
    tokens: Tokens
    """What it took."""
    phases: dict[str, FiniteFloat]
    """Seconds by phase: build, compile, probe, score, generate, metrics."""
    energy: Energy | None = None
    """What it cost; null when that is unknown."""
    command: str = ""
    """What reproduces the scores with lm-eval alone: one command per line, `lm_eval run` last."""


class EvaluationTaskScored(Event):
    """One task of the board has its scores. Published once per run and task: the stream refuses a
    second, so a redelivered job repeats no finished task."""

    SUBJECT: ClassVar[str] = "podium.v1.evaluation.task_scored.{sid}.{run}.{task}"
    WRITER: ClassVar[str] = "evaluator"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """Which evaluation of the submission this is."""
    attempt: int = Field(ge=1)
    """The attempt that scored it."""
    board: str
    """Name of the board the task belongs to."""
    task: str
    """The board's task id."""
    results: tuple[HarnessResult, ...] = Field(min_length=1)
    """One result per lm-eval task: a group has one for each of its members."""
    seconds: FiniteFloat = Field(ge=0)
    """Wall-clock time of the task, in seconds."""
    engine: str
    """How the model was run, such as `hf` for lm-eval's own transformers backend."""
    versions: dict[str, str]
    """Versions that a reproduction needs: lm_eval, transformers, torch, python."""
    details: Details | None = None
    """Where the samples are; null when they were not kept."""
    provenance: Provenance | None = None
    """How the scores came about; null for scores from before this was kept."""


class EvaluationFinished(Event):
    """Every task of the board is scored."""

    SUBJECT: ClassVar[str] = "podium.v1.evaluation.finished.{sid}.{run}"
    WRITER: ClassVar[str] = "evaluator"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """Which evaluation of the submission this is."""
    attempt: int = Field(ge=1)
    """The attempt that scored the last task."""
    seconds: FiniteFloat = Field(ge=0)
    """Wall-clock time of this attempt, downloads included, in seconds."""


class FailureCause(StrEnum):
    """`model`: retrying will not help. `infrastructure`: ours to mend. `cancelled`: as asked."""

    MODEL = "model"
    INFRASTRUCTURE = "infrastructure"
    CANCELLED = "cancelled"


class EvaluationFailed(Event):
    """The run ended without all its scores, and no further attempt will be made."""

    SUBJECT: ClassVar[str] = "podium.v1.evaluation.failed.{sid}.{run}"
    WRITER: ClassVar[str] = "evaluator; aggregator for jobs nobody will finish"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """Which evaluation of the submission this is."""
    attempt: int = Field(ge=0)
    """The last attempt; 0 when none was made."""
    cause: FailureCause
    """Whose fault it is, which decides whether a re-run can help."""
    reason: Reason
    """What went wrong and what to do."""
    log_tail: str = ""
    """The last lines the evaluation printed; empty when it printed none."""


class EvaluationProgress(Message):
    """Where a running evaluation is. Core NATS, not stored: late subscribers wait for the next."""

    SUBJECT: ClassVar[str] = "podium.v1.progress.{sid}.{run}"
    WRITER: ClassVar[str] = "evaluator"
    READERS: ClassVar[str] = "gateway"

    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=1)
    """Which evaluation of the submission this is."""
    attempt: int = Field(ge=1)
    """The attempt that is running."""
    phase: str
    """What is going on: `downloading`, `loading` or `scoring`."""
    task: str | None = None
    """The board's task id while scoring; null before."""
    done: int = Field(ge=0)
    """Requests of the task answered so far; bytes while downloading."""
    total: int = Field(ge=0)
    """Requests in the task, or bytes to download; 0 while unknown."""
    per_second: FiniteFloat | None = None
    """Requests answered, or bytes downloaded, per second over the last minute; null while
    unknown."""
    seconds_left: FiniteFloat | None = None
    """Seconds until this step is done if it goes on at that rate; null while unknown."""
