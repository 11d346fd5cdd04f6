"""What a figure was measured on. Every benchmark prints it first."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

_PACKAGES = ("torch", "transformers", "tokenizers", "lm_eval", "numpy")


def describe(device: torch.device, packages: tuple[str, ...] = _PACKAGES) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    where = f"{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads used"
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 2**30
        where = f"{torch.cuda.get_device_name(device)} ({memory:.0f} GiB); host: {where}"
    return f"machine: {where}\nversions: Python {platform.python_version()}, {versions}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
