import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.evaluation import EnergyMethod
from services.evaluator.energy import KW_PER_CPU, KW_PER_GPU, EnergyMeter

A_KWH_IN_MICROJOULES = 3_600_000_000_000
HIGHEST = 10 * A_KWH_IN_MICROJOULES
NOBODYS = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    """A processor's energy counter as Linux shows it; it overflows at 10 kWh."""
    folder = tmp_path / "powercap" / "intel-rapl:0"
    folder.mkdir(parents=True)
    (folder / "name").write_text("package-0\n")
    (folder / "max_energy_range_uj").write_text(f"{HIGHEST}\n")
    (folder / "energy_uj").write_text(f"{HIGHEST // 2}\n")
    return folder / "energy_uj"


def a_meter(
    *gpus: str, power_kw: float | None = None, rapl_folder: Path = Path("/nowhere")
) -> EnergyMeter:
    return EnergyMeter(
        gpus, power_kw=power_kw, carbon_intensity_g_per_kwh=250, rapl_folder=rapl_folder
    )


def test_a_processor_with_a_counter_is_measured(counter: Path) -> None:
    with a_meter(rapl_folder=counter.parent.parent) as meter:
        counter.write_text(f"{HIGHEST // 2 + 2 * A_KWH_IN_MICROJOULES}\n")

    assert meter.energy.method is EnergyMethod.MEASURED
    assert meter.energy.kwh == pytest.approx(2, rel=1e-5)
    assert meter.energy.co2_kg == pytest.approx(0.5, rel=1e-5)


def test_a_counter_that_overflows_goes_on(counter: Path) -> None:
    with a_meter(rapl_folder=counter.parent.parent) as meter:
        counter.write_text(f"{A_KWH_IN_MICROJOULES}\n")

    assert meter.energy.kwh == pytest.approx(6, rel=1e-5)


@pytest.mark.parametrize(
    ("gpus", "power_kw", "drawn_kw"),
    [
        pytest.param((), None, KW_PER_CPU, id="cpu"),
        pytest.param((NOBODYS,), None, KW_PER_GPU, id="gpu"),
        pytest.param((NOBODYS, NOBODYS[::-1] + "1"), None, 2 * KW_PER_GPU, id="gpus"),
        pytest.param((NOBODYS,), 0.3, 0.3, id="as the operator says"),
    ],
)
def test_without_a_counter_time_and_power_make_an_estimate(
    gpus: tuple[str, ...], power_kw: float | None, drawn_kw: float
) -> None:
    before = time.monotonic()
    with a_meter(*gpus, power_kw=power_kw) as meter:
        within = time.monotonic()
        while (at_least := time.monotonic() - within) < 0.01:
            pass
    at_most = time.monotonic() - before

    assert meter.energy.method is EnergyMethod.ESTIMATED
    assert at_least <= meter.energy.kwh * 3600 / drawn_kw <= at_most
    assert meter.energy.co2_kg == pytest.approx(meter.energy.kwh * 0.25)


def test_a_counter_that_stands_still_is_not_believed(counter: Path) -> None:
    with a_meter(rapl_folder=counter.parent.parent) as meter:
        pass

    assert meter.energy.method is EnergyMethod.ESTIMATED


def test_metering_says_nothing_and_leaves_nothing(
    counter: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)

    with a_meter(rapl_folder=counter.parent.parent), a_meter(NOBODYS):
        pass

    assert capfd.readouterr() == ("", "")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_machine_without_counters_never_loads_codecarbon() -> None:
    code = """
import sys
from pathlib import Path
from services.evaluator.energy import EnergyMeter
with EnergyMeter((), power_kw=None, carbon_intensity_g_per_kwh=1, rapl_folder=Path("/nowhere")):
    pass
sys.exit("codecarbon" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
