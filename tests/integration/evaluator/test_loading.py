"""What becomes of a model's files, in the process that loads them."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import pytest
import torch
from lm_eval.api.instance import Instance
from transformers import LlamaConfig, LlamaForCausalLM

from contracts.evaluation import FailureCause
from contracts.models import Precision, WeightType
from services.evaluator import chat_template
from services.evaluator.devices import SHARDED, check_is_on_gpus
from services.evaluator.failures import EvaluationFault
from services.evaluator.harness_model import HarnessModel
from services.evaluator.loading import load_model
from services.evaluator.protocol import HarnessOptions, Snapshot
from tests.integration.evaluator.bad_models import (
    BAD_AT_WORK,
    BAD_FILES,
    CONFIG,
    TOKENIZER,
    BadModel,
    with_entries,
    without,
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


def test_a_host_that_stands_still_is_no_fault_of_a_chat_template(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_template, "MOST_SECONDS", 0.1)
    tokenizer = load(good).tokenizer
    tokenizer.chat_template = "Hello"

    with chat_template.limited(tokenizer):
        Event().wait(0.3)  # the process gets no time


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


@pytest.fixture(scope="module")
def stored_in_4_bits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of weights that bitsandbytes has quantized already."""
    folder = tmp_path_factory.mktemp("stored")
    make_tiny_model(folder)
    config = LlamaConfig.from_pretrained(folder)
    config.update({"hidden_size": 64, "head_dim": 32})  # 4-bit blocks have 64 weights
    LlamaForCausalLM(config).save_pretrained(folder)
    quantized = load(folder, Precision.INT4).model
    quantized.save_pretrained(folder)
    return folder


def test_stored_quantization_is_taken_as_it_is(stored_in_4_bits: Path) -> None:
    model = load(stored_in_4_bits, Precision.INT4).model

    assert type(model.model.layers[0].mlp.up_proj).__name__ == "Linear4bit"


@pytest.mark.parametrize("precision", [Precision.BFLOAT16, Precision.INT8, Precision.GPTQ])
def test_stored_quantization_is_not_called_otherwise(
    stored_in_4_bits: Path, precision: Precision
) -> None:
    with pytest.raises(EvaluationFault) as raised:
        load(stored_in_4_bits, precision)

    reason = raised.value.failure.reason
    assert reason.code == "precision-contradicts-weights"
    assert f"says {precision}, but" in reason.message
    assert reason.message.endswith("quantized as 4bit.")
    assert reason.advice == "Submit it as 4bit."


def test_a_quantization_that_is_no_precision_here_cannot_be_submitted(
    good: Path, tmp_path: Path
) -> None:
    awq = with_entries(CONFIG, quantization_config={"quant_method": "awq", "bits": 4})
    BadModel("", awq, "", "").make(good, tmp_path / "awq")

    with pytest.raises(EvaluationFault) as raised:
        load(tmp_path / "awq", Precision.INT4)

    assert "quantized as awq" in raised.value.failure.reason.message
    assert raised.value.failure.reason.advice == "Submit a repository of unquantized weights."


def _needs_sentencepiece(folder: Path) -> None:
    without(TOKENIZER)(folder)
    (folder / "tokenizer.model").write_bytes(b"")


NEEDY = [
    BadModel(
        "optimum",
        with_entries(CONFIG, quantization_config={"quant_method": "gptq", "bits": 4}),
        "evaluator-lacks-package",
        "optimum and gptqmodel, to run GPTQ weights",
        Precision.GPTQ,
    ),
    BadModel(
        "sentencepiece",
        _needs_sentencepiece,
        "evaluator-lacks-package",
        "sentencepiece, to read tokenizer.model",
    ),
]


@pytest.mark.parametrize(
    "needy", [it for it in NEEDY if not find_spec(it.name)], ids=lambda it: it.name
)
def test_a_package_that_is_missing_is_the_operators_to_install(
    good: Path, tmp_path: Path, needy: BadModel
) -> None:
    needy.make(good, tmp_path / "needy")

    with pytest.raises(EvaluationFault) as raised:
        load(tmp_path / "needy", needy.precision)

    failure = raised.value.failure
    assert (failure.cause, failure.reason.code) == (FailureCause.INFRASTRUCTURE, needy.code)
    assert needy.says in failure.reason.message
    assert "operators" in failure.reason.advice


def test_logits_that_turn_into_nan_make_no_answer(good: Path) -> None:
    model = load(good)
    with torch.no_grad():
        model.model.lm_head.weight[:] = float("nan")
    request = Instance("generate_until", {}, ("What colour?", {"max_gen_toks": 3}), 0)

    with pytest.raises(EvaluationFault, match="scores-not-finite"):
        model.generate_until([request])


def test_answers_have_to_leave_room_for_a_prompt(good: Path) -> None:
    model = load(good)  # whose context holds 256 tokens
    fits = Instance("generate_until", {}, ("What colour?", {"max_gen_toks": 3}), 0)
    fills = Instance("generate_until", {}, ("What colour?", {"max_gen_toks": 256}), 0)

    assert len(model.generate_until([fits])) == 1
    with pytest.raises(EvaluationFault, match="answers of up to 256 tokens"):
        model.generate_until([fits, fills])


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without GPUs")
def test_sharding_needs_gpus(good: Path) -> None:
    snapshot = Snapshot(good, None, WeightType.ORIGINAL, Precision.FLOAT32)

    with pytest.raises(EvaluationFault) as raised:
        load_model(snapshot, OPTIONS, SHARDED)

    assert raised.value.failure.cause is FailureCause.INFRASTRUCTURE
    assert "PyTorch sees no GPU" in raised.value.failure.reason.message


def test_a_sharded_model_is_nowhere_but_on_gpus(good: Path) -> None:
    model = LlamaForCausalLM.from_pretrained(good)
    check_is_on_gpus(model, "cpu")

    with pytest.raises(EvaluationFault, match=r"out-of-memory.*model\.embed_tokens\.weight, found"):
        check_is_on_gpus(model, SHARDED)


def test_the_fork_server_touches_no_gpu() -> None:
    """bitsandbytes initialises CUDA when it is imported, and no forked child could use it then."""
    look = "import sys, services.evaluator.harness; print('bitsandbytes' in sys.modules)"

    output = subprocess.run(
        [sys.executable, "-c", look], check=True, capture_output=True, text=True
    )

    assert output.stdout.strip() == "False"
