"""What a task costs in electricity: measured by the device's own counters, estimated elsewhere.

Only the device that the model runs on counts, its GPUs or else the CPU, as in the Open LLM
Leaderboard's figure. Host counters would bill two evaluations on one machine for each other."""

import logging
import os
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from contracts.evaluation import Energy, EnergyMethod

if TYPE_CHECKING:
    from codecarbon.external.hardware import BaseHardware

KW_PER_GPU = 5.6 / 8
"""The Open LLM Leaderboard reckoned with 5.6 kW for its node of eight H100."""
KW_PER_CPU = 0.085
"""What codecarbon takes for a processor that it does not know."""
RAPL_FOLDER = Path("/sys/class/powercap/intel-rapl/subsystem")
"""Where Linux shows the energy counters of Intel's and AMD's processors."""

_READ_EVERY_S = 15.0
"""A processor's counter overflows within minutes, so it is read more often than that."""


class EnergyMeter:
    """Meters what happens within a `with` block; `energy` tells afterwards."""

    def __init__(
        self,
        gpus: Sequence[str],
        *,
        power_kw: float | None,
        carbon_intensity_g_per_kwh: float,
        rapl_folder: Path = RAPL_FOLDER,
    ) -> None:
        """`gpus` are the UUIDs of what the model runs on; empty for the CPU. `power_kw` replaces
        the figure above in an estimate."""
        self._gpus = gpus
        self._power_kw = power_kw or (len(gpus) * KW_PER_GPU if gpus else KW_PER_CPU)
        self._carbon_intensity_g_per_kwh = carbon_intensity_g_per_kwh
        self._rapl_folder = rapl_folder
        self._counter: _Counter | None = None
        self._began = self._seconds = 0.0

    def __enter__(self) -> Self:
        hardware = _gpus(self._gpus) if self._gpus else _cpu(self._rapl_folder)
        self._counter = _Counter(hardware) if hardware else None
        self._began = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._seconds = time.monotonic() - self._began
        if self._counter:
            self._counter.stop()

    @property
    def energy(self) -> Energy:
        measured = self._counter.kwh if self._counter else 0.0
        # A counter that stands still is none.
        kwh = measured or self._power_kw * self._seconds / 3600
        return Energy(
            kwh=kwh,
            co2_kg=kwh * self._carbon_intensity_g_per_kwh / 1000,
            method=EnergyMethod.MEASURED if measured else EnergyMethod.ESTIMATED,
        )


class _Counter:
    """Reads codecarbon's view of some hardware from time to time. codecarbon's tracker would also
    guess at what it cannot measure, start programs to look around, and take two seconds for it."""

    def __init__(self, hardware: "BaseHardware") -> None:
        self.kwh = 0.0
        self._hardware = hardware
        self._hardware.start()
        self._read_at = time.monotonic()
        self._stopped = threading.Event()
        self._reading = threading.Thread(target=self._keep_reading, daemon=True)
        self._reading.start()

    def stop(self) -> None:
        self._stopped.set()
        self._reading.join()

    def _keep_reading(self) -> None:
        while not self._stopped.wait(_READ_EVERY_S):
            self._read()
        self._read()

    def _read(self) -> None:
        now = time.monotonic()
        _, energy = self._hardware.measure_power_and_energy(now - self._read_at)
        self._read_at = now
        self.kwh += energy.kWh


def _gpus(uuids: Sequence[str]) -> "BaseHardware | None":
    _silence_codecarbon()
    from codecarbon.external.hardware import GPU

    nvml: Any = import_module("pynvml")  # which ships no types
    try:
        there = GPU.from_utils().devices.get_gpu_static_info()
        numbers = {gpu["uuid"].removeprefix("GPU-"): gpu["gpu_index"] for gpu in there}
        # A slice of a GPU has a UUID of its own, and no counter.
        if all(uuid in numbers for uuid in uuids):
            return GPU.from_utils([numbers[uuid] for uuid in uuids])
    except nvml.NVMLError:  # no evaluation fails for want of a meter
        pass
    return None


def _cpu(rapl_folder: Path) -> "BaseHardware | None":
    if not os.access(rapl_folder, os.R_OK):  # which spares most machines the import
        return None
    _silence_codecarbon()
    from codecarbon.core.cpu import is_rapl_available
    from codecarbon.external.hardware import CPU

    if not is_rapl_available(str(rapl_folder)):
        return None
    return CPU(output_dir="", mode="intel_rapl", model="", tdp=0, rapl_dir=str(rapl_folder))


def _silence_codecarbon() -> None:
    """Before it is imported: submitters are shown the end of the log."""
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL + 1)
