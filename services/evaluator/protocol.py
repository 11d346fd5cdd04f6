"""What the service and its child process tell each other. Plain data, pickled over a pipe."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from contracts.board import BoardTask
from contracts.evaluation import HarnessResult, Provenance
from contracts.models import ModelRef, Precision, WeightType
from services.evaluator.failures import Failure

NORTHERN_VIRGINIA_G_PER_KWH = 269.8
"""What the Open LLM Leaderboard reckoned with: the electricity mix of its data centre."""


Generation = Literal["auto", "hf", "continuous", "vllm"]
"""Who writes the answers of generated tasks, as an operator may wish it."""


class Phase(StrEnum):
    """What `EvaluationProgress.phase` says."""

    DOWNLOADING = "downloading"
    LOADING = "loading"
    SCORING = "scoring"


@dataclass(frozen=True)
class HarnessOptions:
    """How lm-eval is set up, the same for every job."""

    task_folders: tuple[Path, ...]
    harness_tasks: bool
    device: str
    threads: int | None
    batch_size: int | Literal["auto"]
    engine: Literal["auto", "hf"]
    compiled_folder: Path
    power_kw: float | None = None
    """Of the host while it evaluates, for estimates of energy; None goes by the device."""
    carbon_intensity_g_per_kwh: float = NORTHERN_VIRGINIA_G_PER_KWH
    generation: Generation = "auto"


@dataclass(frozen=True)
class Snapshot:
    """A model's files on disk."""

    folder: Path
    base_folder: Path | None
    """Files of the model that an adapter or delta changes; None for whole weights."""
    weight_type: WeightType
    precision: Precision


@dataclass(frozen=True)
class Slice:
    """Answers of one task that are final, so that a later attempt starts behind them."""

    task: str
    plan: str
    """Digest of what is asked and of how it is answered. Slices of another plan are of no use."""
    start: int
    """Where in the plan it begins; the slices of a plan follow each other without gaps."""
    stop: int
    answers: bytes


@dataclass(frozen=True)
class Assignment:
    """One model and the tasks to run on it, in order."""

    model: ModelRef
    snapshot: Snapshot
    tasks: tuple[BoardTask, ...]
    chat_template: bool
    samples_folder: Path
    """Where the per-sample records go, one Parquet file per task."""
    options: HarnessOptions
    limit: int | None = None
    """Documents per lm-eval task; None for all."""
    slices: tuple[Slice, ...] = ()
    """What an earlier attempt had finished of the tasks, in order of their starts."""


@dataclass(frozen=True)
class Confinement:
    """Why a child could not be shut in; empty strings when it is."""

    network: str = ""
    """It could reach a network."""
    processes: str = ""
    """It could read the memory and environment of other processes of the same user."""


@dataclass(frozen=True)
class Machine:
    """What a child runs on."""

    device: str
    """For people, such as `NVIDIA H200`."""
    torch_device: str
    """For PyTorch, such as `cuda:1`."""
    versions: dict[str, str]
    confinement: Confinement = Confinement()


@dataclass(frozen=True)
class Step:
    """Where the child is."""

    phase: Phase
    task: str | None = None
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class SamplesFile:
    """The per-sample records of one task on disk."""

    path: Path
    rows: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class TaskScores:
    """One board task is done."""

    task: str
    results: tuple[HarnessResult, ...]
    seconds: float
    samples: SamplesFile
    provenance: Provenance


@dataclass(frozen=True)
class DataSetsMissing:
    """The child, which is offline, could not load its tasks; nothing has been scored."""

    detail: str


@dataclass(frozen=True)
class Stopped:
    """The child was asked to stop, and has sent what it had."""


Message = Machine | Step | Slice | TaskScores | DataSetsMissing | Stopped | Failure
