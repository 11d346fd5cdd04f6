"""Adapters and deltas: merged, they are the model that was trained; others are refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from peft import (
    AdaLoraConfig,
    BOFTConfig,
    FourierFTConfig,
    HRAConfig,
    IA3Config,
    LNTuningConfig,
    LoHaConfig,
    LoKrConfig,
    LoraConfig,
    MissConfig,
    OFTConfig,
    PeftConfig,
    PromptTuningConfig,
    RandLoraConfig,
    VeraConfig,
    get_peft_model,
)
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from contracts.evaluation import FailureCause
from contracts.models import Precision, WeightType
from services.evaluator.failures import EvaluationFault
from services.evaluator.harness_model import HarnessModel
from services.evaluator.loading import load_model
from services.evaluator.model_files.adapter import WEIGHTS_FILE
from services.evaluator.protocol import Snapshot
from tests.integration.evaluator.bad_models import edit
from tests.integration.evaluator.test_loading import OPTIONS
from tests.tiny import make_tiny_model

# PEFT warns about much that is meant, and calls transformers by names that are going.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:peft", "ignore::FutureWarning")

TOKENS = torch.tensor([[3, 4, 5, 6, 7, 8, 9, 10]])
TARGETS = ["q_proj", "v_proj"]


def load(
    folder: Path,
    base: Path,
    precision: Precision = Precision.FLOAT32,
    weight_type: WeightType = WeightType.ADAPTER,
) -> HarnessModel:
    return load_model(Snapshot(folder, base, weight_type, precision), OPTIONS, "cpu")


def logits_of(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model.eval()(TOKENS).logits
    return logits


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wide enough for 4-bit blocks of 64 weights."""
    return make_base(tmp_path_factory.mktemp("base"))


def make_base(folder: Path, **options: Any) -> Path:
    make_tiny_model(folder)
    config = LlamaConfig.from_pretrained(folder)
    config.update({"hidden_size": 64, "head_dim": 32, "intermediate_size": 64} | options)
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def train(base: Path, config: PeftConfig, folder: Path) -> torch.Tensor:
    """Save an adapter whose weights have moved, and tell what the adapted base makes of TOKENS."""
    torch.manual_seed(1)
    model = get_peft_model(LlamaForCausalLM.from_pretrained(base), config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(str(folder))
    return logits_of(model)


CONFIGS: dict[str, Callable[[], PeftConfig]] = {
    "lora": lambda: LoraConfig(target_modules=TARGETS),
    "dora": lambda: LoraConfig(target_modules=TARGETS, use_dora=True, use_rslora=True),
    "pissa": lambda: LoraConfig(target_modules=TARGETS, init_lora_weights="pissa"),
    "lora-and-whole-modules": lambda: LoraConfig(
        target_modules=TARGETS, modules_to_save=["lm_head", "embed_tokens"]
    ),
    "lora-and-some-tokens": lambda: LoraConfig(
        target_modules=TARGETS, trainable_token_indices=[3, 4]
    ),
    "adalora": lambda: AdaLoraConfig(target_modules=TARGETS, total_step=1),
    "loha": lambda: LoHaConfig(target_modules=TARGETS),
    "lokr": lambda: LoKrConfig(target_modules=TARGETS),
    "ia3": lambda: IA3Config(
        target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"]
    ),
    "oft": lambda: OFTConfig(target_modules=TARGETS),
    "boft": lambda: BOFTConfig(target_modules=TARGETS),
    "vera": lambda: VeraConfig(target_modules=["q_proj"], r=4),
    "hra": lambda: HRAConfig(target_modules=TARGETS),
    "ln": lambda: LNTuningConfig(target_modules=["input_layernorm"]),
    "fourier": lambda: FourierFTConfig(target_modules=TARGETS, n_frequency=10),
    "randlora": lambda: RandLoraConfig(target_modules=["q_proj"], r=4),
    "miss": lambda: MissConfig(target_modules=["q_proj"], r=8),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_an_adapter_is_merged_into_its_base(name: str, base: Path, tmp_path: Path) -> None:
    trained = train(base, CONFIGS[name](), tmp_path)

    model = load(tmp_path, base)

    assert type(model.model) is LlamaForCausalLM
    assert not any("lora" in parameter for parameter in model.model.state_dict())
    assert (trained - logits_of(LlamaForCausalLM.from_pretrained(base))).abs().max() > 1e-4
    torch.testing.assert_close(logits_of(model.model), trained, atol=1e-5, rtol=0)


@pytest.mark.parametrize("precision", [Precision.INT8, Precision.INT4])
def test_quantized_weights_keep_the_adapter_beside_them(
    base: Path, tmp_path: Path, precision: Precision
) -> None:
    trained = train(base, LoraConfig(target_modules=TARGETS, r=32), tmp_path)
    plain = load_model(Snapshot(base, None, WeightType.ORIGINAL, precision), OPTIONS, "cpu")

    model = load(tmp_path, base, precision)

    assert type(model.model) is LlamaForCausalLM
    missed = (logits_of(model.model) - trained).abs().mean()
    assert missed < (logits_of(plain.model) - trained).abs().mean() * 0.75


def test_an_adapter_may_bring_tokens_and_their_tokenizer(base: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(["<think>", "</think>"])
    tokenizer.save_pretrained(tmp_path)
    bigger = LlamaForCausalLM.from_pretrained(base)
    bigger.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    bigger.save_pretrained(tmp_path / "resized")
    config = LoraConfig(target_modules=TARGETS, modules_to_save=["lm_head", "embed_tokens"])
    trained = train(tmp_path / "resized", config, tmp_path)

    model = load(tmp_path, base)

    assert model.tok_encode("<think>") == [320]
    torch.testing.assert_close(logits_of(model.model), trained, atol=1e-5, rtol=0)


def test_an_adapter_of_a_base_whose_embeddings_are_tied(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", tie_word_embeddings=True)
    trained = train(base, LoraConfig(target_modules=TARGETS), tmp_path / "adapter")

    model = load(tmp_path / "adapter", base)

    torch.testing.assert_close(logits_of(model.model), trained, atol=1e-5, rtol=0)


def _renamed(folder: Path) -> None:
    (folder / WEIGHTS_FILE).rename(folder / "adapter_model.bin")


def _with(**entries: object) -> Callable[[Path], None]:
    return lambda folder: edit(folder, "adapter_config.json", lambda it: it.update(entries))


def _not_json(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{")


def _cut_off(folder: Path) -> None:
    whole = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(whole[:-100])


@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (_renamed, "safetensors-missing", "holds no adapter_model.safetensors"),
        (_not_json, "adapter-unreadable", "adapter_config.json is no JSON"),
        (_with(r="many"), "adapter-does-not-fit", "cannot be applied"),
        (_with(peft_type="ZORG"), "adapter-not-mergeable", "an adapter of type ZORG"),
        (_with(peft_type=["LORA"]), "adapter-not-mergeable", "['LORA']"),
        (_with(layer_replication=[[0, 2]]), "adapter-not-mergeable", "`layer_replication`"),
        (
            _with(megatron_config={"a": 1}, megatron_core="antigravity"),
            "adapter-not-mergeable",
            "`megatron_config`",
        ),
        (_with(lora_bias=True), "adapter-does-not-fit", "lacks 4 tensors"),
        (_with(target_modules=["zorg"]), "adapter-does-not-fit", "zorg"),
        (_with(target_modules=["q_proj"]), "adapter-does-not-fit", "4 of the adapter's tensors"),
        (_with(r=4), "adapter-does-not-fit", "must have [4, 64]"),
        (_cut_off, "weights-unreadable", "adapter_model.safetensors, of"),
    ],
)
def test_a_bad_adapter_is_told_what_is_wrong(
    base: Path, tmp_path: Path, spoil: Callable[[Path], None], code: str, says: str
) -> None:
    train(base, LoraConfig(target_modules=TARGETS), tmp_path)
    spoil(tmp_path)

    with pytest.raises(EvaluationFault) as raised:
        load(tmp_path, base)

    failure = raised.value.failure
    assert (failure.cause, failure.reason.code) == (FailureCause.MODEL, code)
    assert says in failure.reason.message
    assert str(tmp_path) not in failure.reason.message


def test_virtual_tokens_are_refused(base: Path, tmp_path: Path) -> None:
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    get_peft_model(LlamaForCausalLM.from_pretrained(base), config).save_pretrained(str(tmp_path))

    with pytest.raises(EvaluationFault, match="of type PROMPT_TUNING, which is not merged here"):
        load(tmp_path, base)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"hidden_size": 128}, "must have [8, 128]"),
        ({"num_hidden_layers": 1}, "tensors have no place in the base model"),
        ({"num_hidden_layers": 3}, "lacks 4 tensors"),
    ],
)
def test_an_adapter_of_another_base_is_told_what_differs(
    base: Path, tmp_path: Path, other: dict[str, int], says: str
) -> None:
    train(base, LoraConfig(target_modules=TARGETS), tmp_path / "adapter")
    another = make_base(tmp_path / "another", **other)

    with pytest.raises(EvaluationFault) as raised:
        load(tmp_path / "adapter", another)

    assert raised.value.failure.reason.code == "adapter-does-not-fit"
    assert says in raised.value.failure.reason.message


def test_new_tokens_need_output_embeddings_as_well(base: Path, tmp_path: Path) -> None:
    bigger = LlamaForCausalLM.from_pretrained(base)
    bigger.resize_token_embeddings(330, mean_resizing=False)
    bigger.save_pretrained(tmp_path / "resized")
    config = LoraConfig(target_modules=TARGETS, modules_to_save=["embed_tokens"])
    train(tmp_path / "resized", config, tmp_path / "adapter")

    with pytest.raises(EvaluationFault, match=r"320 ids.* brings model\.embed_tokens for 330"):
        load(tmp_path / "adapter", base)


def test_a_fault_of_the_base_is_called_so(base: Path, tmp_path: Path) -> None:
    train(base, LoraConfig(target_modules=TARGETS), tmp_path / "adapter")
    broken = shutil.copytree(base, tmp_path / "broken")
    (broken / "config.json").unlink()

    with pytest.raises(EvaluationFault, match=r"The base model's repository holds no config\.json"):
        load(tmp_path / "adapter", broken)


# ── deltas ───────────────────────────────────────────────────────────────────────────────────────


def make_delta(base: Path, folder: Path, **options: Any) -> LlamaForCausalLM:
    """Save the difference to the base of a model, which is returned."""
    origin = LlamaForCausalLM.from_pretrained(base)
    config = LlamaConfig.from_pretrained(base)
    config.update(options)
    torch.manual_seed(2)
    model, delta = LlamaForCausalLM(config), LlamaForCausalLM(config)
    if not options:
        changed = dict(delta.named_parameters())
        target = dict(model.named_parameters())
        with torch.no_grad():
            for name, parameter in origin.named_parameters():
                changed[name].copy_(target[name] - parameter)
    delta.save_pretrained(folder)
    return model


@pytest.mark.parametrize("tied", [False, True])
def test_a_delta_is_added_to_its_base_once(tmp_path: Path, tied: bool) -> None:
    base = make_base(tmp_path / "base", tie_word_embeddings=tied)
    trained = make_delta(base, tmp_path / "delta")

    model = load(tmp_path / "delta", base, weight_type=WeightType.DELTA)

    torch.testing.assert_close(logits_of(model.model), logits_of(trained), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"vocab_size": 330}, "embed_tokens.weight has the shape [330, 64] in the delta and [320"),
        ({"num_hidden_layers": 1}, "is not in the delta"),
        ({"num_hidden_layers": 3}, "is not in the base model"),
    ],
)
def test_a_delta_to_another_base_is_told_what_differs(
    base: Path, tmp_path: Path, other: dict[str, int], says: str
) -> None:
    make_delta(base, tmp_path, **other)

    with pytest.raises(EvaluationFault) as raised:
        load(tmp_path, base, weight_type=WeightType.DELTA)

    assert raised.value.failure.reason.code == "delta-does-not-fit"
    assert says in raised.value.failure.reason.message


def test_a_delta_is_not_added_to_quantized_weights(base: Path, tmp_path: Path) -> None:
    make_delta(base, tmp_path)

    with pytest.raises(EvaluationFault) as raised:
        load(tmp_path, base, Precision.INT8, WeightType.DELTA)

    assert raised.value.failure.reason.code == "precision-contradicts-weights"


def test_lm_eval_s_own_adapter_says_the_same(base: Path, tmp_path: Path) -> None:
    """What `lm_eval --model_args peft=…` scores is what is scored here."""
    train(base, LoraConfig(target_modules=TARGETS), tmp_path)
    stock = HFLM(pretrained=str(base), peft=str(tmp_path), device="cpu", dtype="float32")

    model = load(tmp_path, base)

    torch.testing.assert_close(logits_of(model.model), logits_of(stock.model), atol=1e-5, rtol=0)
