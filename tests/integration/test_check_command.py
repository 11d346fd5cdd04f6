"""`podium check`: what the rule book says before anything is submitted."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.check import RuleReport
from localhub.process import running_localhub
from runtime.boards import write_boards
from runtime.ports import free_port
from tests.integration.validator.broken_models import SEVERAL
from tests.integration.validator.judging import BOARD
from tests.integration.validator.tiny_model import PARAMETERS, card, write_model

HOPELESS = SEVERAL["hopeless"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("hub")
    write_model(root / "models/ada/hopeless", **HOPELESS.changes)
    write_model(root / "models/ada/good", {"README.md": card(base_model="ada/elder")})
    with running_localhub(root) as url:
        yield url


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("boards")
    write_boards([BOARD], folder)
    return folder


def podium_check(hub: str, boards: Path, *arguments: str) -> tuple[int, str]:
    """Exit status of `podium check …`, and everything it printed, on one line."""
    run = subprocess.run(
        [sys.executable, "-m", "cli", "check", "--hub", hub, "--boards", str(boards), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return run.returncode, " ".join((run.stdout + run.stderr).split())


def test_every_broken_rule_of_a_model_is_told_with_what_to_do(hub: str, boards: Path) -> None:
    status, told = podium_check(hub, boards, "ada/hopeless", "--precision", "8bit")

    assert status == 1
    assert [code for code in HOPELESS.codes if code not in told] == []
    assert "The board demo does not accept 8bit" in told
    assert "Save the weights with `save_pretrained`." in told
    assert "architecture LlamaForSequenceClassification" in told
    assert f"ada/hopeless breaks {len(HOPELESS.codes)} rules of board demo." in told


def test_a_good_model_is_told_what_was_found_and_what_is_in_doubt(hub: str, boards: Path) -> None:
    status, told = podium_check(hub, boards, "ada/good", "--precision", "float32")

    assert status == 0
    assert "model-type-doubtful" in told
    assert f"parameters {PARAMETERS}" in told
    for found in ("tier small", "LlamaForCausalLM", "license mit", "base models ada/elder"):
        assert found in told
    assert "other rules 27 kept, 11 not applicable" in told
    assert "Board demo would accept ada/good." in told


def test_programs_read_the_report_as_json(hub: str, boards: Path) -> None:
    arguments = ("--precision", "float32", "--model-type", "chat", "--json")

    status, told = podium_check(hub, boards, "ada/good", *arguments)

    report = RuleReport.model_validate_json(told)
    assert status == 1
    # The chat template is asked for by itself, and there is none.
    assert [reason.code for reason in report.reasons] == ["chat-template-missing"]
    assert report.found.parameters == PARAMETERS
    assert report.rules
    assert report.rules.kept["architecture-missing"] == "LlamaForCausalLM"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("ada/absent",), "model-not-found"),
        (("ada/good", "--revision", "v9"), "revision-not-found"),
    ],
)
def test_what_the_hub_does_not_have_is_a_reason(
    hub: str, boards: Path, arguments: tuple[str, ...], code: str
) -> None:
    status, told = podium_check(hub, boards, *arguments)

    assert status == 1
    assert code in told


def test_a_hub_that_does_not_answer_is_no_broken_rule(boards: Path) -> None:
    status, told = podium_check(f"http://127.0.0.1:{free_port()}", boards, "ada/good")

    assert status == 3
    assert "does not answer" in told
    assert "says nothing about the model" in told
    assert "breaks" not in told


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("good",), "'good' cannot be the model"),
        (("ada/good", "--board", "gone"), "There is no board 'gone'"),
        (("ada/good", "--base-model", "ada/base"), "--base-model is ada/base"),
        (("ada/good", "--boards", "nowhere"), "holds no *.yaml"),
        (("ada/good", "--precision", "bf16"), "bf16"),
    ],
)
def test_a_question_that_makes_no_sense_is_not_asked(
    hub: str, boards: Path, arguments: tuple[str, ...], why: str
) -> None:
    status, told = podium_check(hub, boards, *arguments)

    assert status == 2
    assert why in told
