import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from contracts.evaluation import (
    Energy,
    EnergyMethod,
    Engine,
    HarnessResult,
    Provenance,
    Tokens,
)
from services.evaluator.failures import blame_model
from services.evaluator.messages import open_written, read_message
from services.evaluator.protocol import (
    DataSetsMissing,
    Machine,
    Message,
    Phase,
    SamplesFile,
    Slice,
    Step,
    Stopped,
    TaskScores,
)

RESULT = HarnessResult(
    task="t", version="1", shots=0, samples=1, metrics={"acc,none": 1.0}, stderrs={"acc,none": None}
)
SAMPLES = SamplesFile(Path("/tmp/bbh.parquet"), 1, 2, "0" * 64)
PROVENANCE = Provenance(
    engine=Engine(name="tree"),
    dtype="float32",
    device="cpu",
    seed=1234,
    tokens=Tokens(forwarded=1, stock=2),
    phases={"score": 0.5},
    energy=Energy(kwh=0.1, co2_kg=0.02, method=EnergyMethod.ESTIMATED),
)


class Order:
    """What pickle carries out when it is read."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.order = (function, arguments)

    def __reduce__(self) -> Any:
        return self.order


@pytest.mark.parametrize(
    "message",
    [
        Machine("NVIDIA H200", "cuda:1", {"torch": "2.13.0"}),
        Step(Phase.SCORING, "bbh", 1, 2),
        Slice("bbh", "p", 0, 4, b"\x00\xff"),
        TaskScores("bbh", (RESULT,), 1.0, SAMPLES, PROVENANCE),
        DataSetsMissing("travel"),
        Stopped(),
        blame_model("nan", "NaN.", "Mend it.").failure,
    ],
    ids=lambda message: type(message).__name__,
)
def test_every_message_arrives_as_it_was_sent(message: Message) -> None:
    assert read_message(pickle.dumps(message)) == message


@pytest.mark.parametrize(
    "order",
    [
        Order(os.system, "true"),
        Order(eval, "1"),
        Order(getattr, Path, "home"),
        Step(Phase.SCORING, task=Order(os.getcwd)),  # type: ignore[arg-type]
    ],
    ids=["command", "eval", "attribute", "inside a message"],
)
def test_a_message_that_holds_an_order_is_refused(order: Any) -> None:
    with pytest.raises(pickle.UnpicklingError, match="no part of a message"):
        read_message(pickle.dumps(order))


def test_what_our_modules_import_is_no_part_of_a_message() -> None:
    stolen = b"ccontracts.export\nPath\n(S'/'\ntR."

    with pytest.raises(pickle.UnpicklingError, match="no part of a message"):
        read_message(stolen)


@pytest.mark.parametrize("noise", [b"", b"noise", b"\x80\x05]", pickle.dumps(Stopped())[:-3]])
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError):
        read_message(noise)


def test_a_plain_file_of_the_childs_is_read(tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.write_bytes(b"rows")

    with open_written(samples) as file:
        assert file.read() == b"rows"


def test_nothing_but_a_plain_file_is_read(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to("/proc/self/environ")
    os.mkfifo(pipe)

    for path in (link, pipe, tmp_path, tmp_path / "absent"):
        with pytest.raises(OSError, match=path.name):
            open_written(path)
