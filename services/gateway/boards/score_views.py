"""The shapes of scores in the HTTP API, and of how they came about."""

import msgspec

from contracts import evaluation as contract_evaluation


class Measured(msgspec.Struct, frozen=True):
    raw: float
    """Average of the raw metrics, usually 0 to 1."""
    normalized: float
    """0 at chance, 100 at a raw 1.0."""


class Score(Measured, frozen=True):
    """A cell."""

    stderr: float | None
    """Standard error of `normalized`; null where it is unknown."""


class SubtaskScore(Measured, frozen=True):
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
