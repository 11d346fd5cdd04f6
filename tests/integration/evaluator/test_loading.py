"""What becomes of a model's files, in the process that loads them."""

from pathlib import Path

import pytest
import torch

from contracts.evaluation import FailureCause
from contracts.models import Precision, WeightType
from services.evaluator import chat_template
from services.evaluator.failures import EvaluationFault
from services.evaluator.harness_model import HarnessModel
from services.evaluator.loading import load_model
from services.evaluator.protocol import HarnessOptions, Snapshot
from tests.integration.evaluator.bad_models import (
    BAD_AT_WORK,
    BAD_FILES,
    CONFIG,
    BadModel,
    with_entries,
)
from tests.tiny import make_tiny_model

OPTIONS = HarnessOptions(
    task_folders=(),
    harness_tasks=False,
    device="cpu",
    threads=1,
    batch_size=8,
    engine="auto",
    compiled_folder=Path(),
)


def load(
    folder: Path, precision: Precision = Precision.FLOAT32, base: Path | None = None
) -> HarnessModel:
    snapshot = Snapshot(folder, base, WeightType.ORIGINAL, precision)
    return load_model(snapshot, OPTIONS, "cpu")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    make_tiny_model(folder)
    return folder


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_a_bad_model_is_told_what_is_wrong(bad: BadModel, good: Path, tmp_path: Path) -> None:
    bad.make(good, tmp_path / "bad")

    with pytest.raises(EvaluationFault) as raised:
        load(tmp_path / "bad", bad.precision)

    failure = raised.value.failure
    assert (failure.cause, failure.reason.code) == (FailureCause.MODEL, bad.code)
    assert bad.says in failure.reason.message
    assert str(tmp_path) not in failure.reason.message
    assert failure.reason.advice


@pytest.mark.parametrize(
    "bad", [bad for bad in BAD_AT_WORK if bad.chat_template], ids=lambda bad: bad.name
)
def test_a_bad_chat_template_is_stopped(
    bad: BadModel, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_template, "MOST_SECONDS", 0.2)
    bad.make(good, tmp_path / "bad")
    model = load(tmp_path / "bad", bad.precision)

    with pytest.raises(EvaluationFault) as raised:
        model.apply_chat_template([{"role": "user", "content": "What colour is the sky?"}])

    assert raised.value.failure.reason.code == bad.code
    assert bad.says in raised.value.failure.reason.message


def test_a_chat_template_that_knows_no_system_role_gets_none(good: Path, tmp_path: Path) -> None:
    picky = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "[{{ m.role }}] {{ m.content }}{% endfor %}"
    )
    BadModel("", with_entries("tokenizer_config.json", chat_template=picky), "", "").make(
        good, tmp_path / "picky"
    )

    prompt = load(tmp_path / "picky").apply_chat_template(
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    )

    assert prompt == "[user] Hello"


def test_attention_kernels_that_a_config_names_are_not_loaded(good: Path, tmp_path: Path) -> None:
    for key in ("attn_implementation", "_attn_implementation"):
        folder = tmp_path / key
        BadModel("", with_entries(CONFIG, **{key: "acme/kernel"}), "", "").make(good, folder)

        assert load(folder).config._attn_implementation == "sdpa"


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        (Precision.FLOAT32, torch.float32),
        (Precision.FLOAT16, torch.float16),
        (Precision.BFLOAT16, torch.bfloat16),
    ],
)
def test_weights_are_in_the_submitted_precision(
    good: Path, precision: Precision, dtype: torch.dtype
) -> None:
    model = load(good, precision)

    assert {parameter.dtype for parameter in model.model.parameters()} == {dtype}
