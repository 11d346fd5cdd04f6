"""What an evaluator needs to be told."""

import socket
import sys
from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator
from pydantic_settings import SettingsConfigDict

from contracts.models import Tier
from runtime.settings import ServiceSettings
from services.evaluator.protocol import NORTHERN_VIRGINIA_G_PER_KWH, Generation, HarnessOptions


class EvaluatorSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="EVALUATOR_")

    name: str = Field(default_factory=socket.gethostname)
    """What this evaluator is called on the request's page; the host's name by default."""
    tiers: tuple[Tier, ...] = Field(default=(Tier.SMALL,), min_length=1)
    """Size classes whose jobs it takes, as a JSON list; what fits its accelerator."""
    hub_url: str = Field(default="https://huggingface.co", validation_alias="HF_ENDPOINT")
    """Where models and data sets come from."""
    task_folders: tuple[Path, ...] = ()
    """Folders with lm-eval task definitions of your own, as a JSON list."""
    harness_tasks: bool = True
    """Whether lm-eval's own tasks are known; without them an evaluator starts 10 s sooner."""
    devices: tuple[str, ...] = Field(default=("auto",), min_length=1)
    """Where models run, as a JSON list; each of them takes one job at a time. `auto` is the first
    GPU, or the CPU where there is none; `every-gpu` stands for each visible GPU; `sharded` spreads
    one model over all of them; else PyTorch's name, such as `cuda:1` or `cpu`."""
    cache_limit_gb: PositiveFloat | None = None
    """What the Hub's cache may hold, in GB; models that were not used for longest are deleted from
    it. Unset, nothing is deleted, and a model that does not fit the disk fails."""
    memory_limit_gb: PositiveFloat | None = None
    """Most of the host's memory that a model may hold, in GB; a child that holds more is killed.
    Linux only."""
    allow_unsandboxed: bool = False
    """Whether models are run where their processes cannot be kept off the network."""
    threads: PositiveInt | None = None
    """CPU threads that PyTorch uses; its own choice when unset."""
    batch_size: PositiveInt | Literal["auto"] = 8
    """Prompts per forward pass; `auto` lets lm-eval try, which costs minutes and can change the
    last digits of a score from one run to the next."""
    engine: Literal["auto", "hf"] = "auto"
    """How log-likelihoods are computed: `auto` takes the fastest way that agrees with lm-eval's own
    backend on the model at hand, `hf` always takes lm-eval's own."""
    generation: Generation = "auto"
    """How answers are written: `auto` takes continuous batching where it is faster and agrees with
    lm-eval's own backend, `hf` always takes lm-eval's own, `continuous` batches continuously
    wherever that agrees, `vllm` takes lm-eval's vLLM backend."""
    compiled_folder: Path = Path("~/.cache/podium/compiled")
    """Where prompts and tokenised suites are kept for the next model; may be emptied any time."""
    power_kw: PositiveFloat | None = None
    """Power drawn while a model is evaluated, in kW, where no counter measures it; when unset, 0.7
    per GPU and 0.085 for a CPU."""
    carbon_intensity_g_per_kwh: NonNegativeFloat = NORTHERN_VIRGINIA_G_PER_KWH
    """CO₂ per kWh of the electricity used, in grams; the default is that of Northern Virginia."""

    @field_validator("memory_limit_gb")
    @classmethod
    def _memory_can_be_watched(cls, limit: float | None) -> float | None:
        if limit is not None and sys.platform != "linux":
            raise ValueError("what a process holds is known on Linux only; leave it unset here")
        return limit

    @property
    def cache_limit_bytes(self) -> float | None:
        return self.cache_limit_gb and self.cache_limit_gb * 1e9

    @property
    def memory_limit_bytes(self) -> float | None:
        return self.memory_limit_gb and self.memory_limit_gb * 1e9

    @property
    def harness_options(self) -> HarnessOptions:
        """For the first device."""
        return HarnessOptions(
            task_folders=self.task_folders,
            harness_tasks=self.harness_tasks,
            device=self.devices[0],
            threads=self.threads,
            batch_size=self.batch_size,
            engine=self.engine,
            generation=self.generation,
            compiled_folder=self.compiled_folder.expanduser(),
            power_kw=self.power_kw,
            carbon_intensity_g_per_kwh=self.carbon_intensity_g_per_kwh,
        )
