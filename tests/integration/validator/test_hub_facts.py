"""What is found out about models on a Hub, told as the reasons that follow from it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from safetensors.numpy import save

from contracts.board import Board, BoardTask, Limits
from contracts.models import ModelRef, ModelType, Precision, Reason
from contracts.submission import SubmissionReceived, submission_id
from runtime.ports import free_port
from services.validator.facts import Facts
from services.validator.hub import Hub
from services.validator.rules import violations
from tests.integration.validator.tiny_model import EMBEDDING, PARAMETERS

PublishModel = Callable[..., ModelRef]

BOARD = Board(
    name="demo",
    title="Demo",
    version=1,
    tasks=(
        BoardTask(id="facts", title="Facts", harness_task="t", metrics=("acc,none",), choices=4),
    ),
    limits=Limits(max_parameters={Precision.FLOAT32: PARAMETERS}),
)


async def facts_of(hub_url: str, model: ModelRef, scratch: Path | None = None) -> Facts:
    return await Hub(hub_url, timeout_s=10, scratch=scratch).facts(model)


async def reasons_against(hub_url: str, model: ModelRef) -> tuple[Reason, ...]:
    submission = SubmissionReceived(
        sid=submission_id(model, BOARD.name),
        board=BOARD.name,
        model=model,
        model_type=ModelType.PRETRAINED,
    )
    return violations(await facts_of(hub_url, model), submission, BOARD)


async def test_a_good_model_is_examined_and_nothing_of_it_stays(
    hub_url: str, publish_model: PublishModel, tmp_path: Path
) -> None:
    model = publish_model("good")

    facts = await facts_of(hub_url, model, scratch=tmp_path)

    assert facts.license == "mit"
    assert facts.weights
    assert dict(facts.weights.elements) == {"F32": PARAMETERS}
    assert facts.config
    assert facts.config.architecture == "LlamaForCausalLM"
    assert list(tmp_path.iterdir()) == []
    assert await reasons_against(hub_url, model) == ()


async def test_the_shards_of_a_sharded_model_are_counted_together(
    hub_url: str, publish_model: PublishModel
) -> None:
    shards = {
        f"model-{n}.safetensors": save({f"t{n}": np.zeros(n, dtype=np.float16)}) for n in (1, 2, 3)
    }
    index = {"weight_map": {f"t{n}": f"model-{n}.safetensors" for n in (1, 2, 3)}}
    model = publish_model(
        "sharded",
        files={
            **shards,
            "model.safetensors": None,
            "model.safetensors.index.json": json.dumps(index),
        },
    )

    facts = await facts_of(hub_url, model)

    assert facts.weights
    assert dict(facts.weights.elements) == {"F16": 6}


async def test_the_submitted_commit_is_examined_and_not_a_later_one(
    hub_url: str, hub_root: Path, publish_model: PublishModel
) -> None:
    first = publish_model("moving")
    (hub_root / "models/ada/moving/README.md").write_text("# No license any more\n")

    reasons = await reasons_against(hub_url, first)

    # localhub keeps no history, so the old commit is gone rather than served from the new files.
    assert [reason.code for reason in reasons] == ["commit-not-found"]


BAD_MODELS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "private": ({"shown": {"private": True}}, ["model-not-found"], "ada/private"),
    "gated": ({"shown": {"gated": "manual"}}, ["model-gated"], "gated"),
    "disabled": ({"shown": {"disabled": True}}, ["model-disabled"], "disabled"),
    "no-card": ({"files": {"README.md": None}}, ["license-missing"], "license"),
    "no-license": ({"files": {"README.md": "# Hello\n"}}, ["license-missing"], "license"),
    "broken-card": (
        {"files": {"README.md": "---\nlicense: [\n---\n"}},
        ["license-missing"],
        "license",
    ),
    "undecodable-card": ({"files": {"README.md": b"\xff\xfe"}}, ["license-missing"], "license"),
    "pickle": (
        {"files": {"model.safetensors": None, "pytorch_model.bin": b"\x80"}},
        ["safetensors-missing"],
        "pytorch_model.bin",
    ),
    "no-weights": ({"files": {"model.safetensors": None}}, ["safetensors-missing"], "no weights"),
    "oddly-named": (
        {"files": {"model.safetensors": None, "weights.safetensors": EMBEDDING}},
        ["safetensors-missing"],
        "weights.safetensors",
    ),
    "empty-weights": ({"files": {"model.safetensors": b""}}, ["weights-unreadable"], "empty"),
    "broken-weights": (
        {"files": {"model.safetensors": b"this is no safetensors file"}},
        ["weights-unreadable"],
        "model.safetensors",
    ),
    "strange-header": (
        {"files": {"model.safetensors": (6).to_bytes(8, "little") + b'{"a":1'.ljust(6)}},
        ["weights-unreadable"],
        "model.safetensors",
    ),
    "strange-tensor": (
        {"files": {"model.safetensors": (7).to_bytes(8, "little") + b'{"a":1}'}},
        ["weights-unreadable"],
        "model.safetensors",
    ),
    "no-tensors": (
        {"files": {"model.safetensors": (2).to_bytes(8, "little") + b"{}"}},
        ["weights-unreadable"],
        "no tensors",
    ),
    "missing-shard": (
        {
            "files": {
                "model.safetensors": None,
                "model.safetensors.index.json": '{"weight_map": {"t": "gone.safetensors"}}',
            }
        },
        ["weights-unreadable"],
        "gone.safetensors",
    ),
    "broken-index": (
        {"files": {"model.safetensors": None, "model.safetensors.index.json": "[1]"}},
        ["weights-unreadable"],
        "model.safetensors.index.json",
    ),
    "no-config": ({"files": {"config.json": None}}, ["config-unreadable"], "config.json"),
    "broken-config": ({"files": {"config.json": "{"}}, ["config-unreadable"], "config.json"),
    "list-config": ({"files": {"config.json": "[]"}}, ["config-unreadable"], "config"),
    "deep-config": ({"files": {"config.json": "[" * 100_000}}, ["config-unreadable"], "config"),
    "new-type": ({"config": {"model_type": "odd"}}, ["config-unreadable"], "odd"),
    "wrong-value": ({"config": {"hidden_size": "many"}}, ["config-unreadable"], "hidden_size"),
    "new-architecture": (
        {"config": {"architectures": ["OddForCausalLM"]}},
        ["architecture-unknown"],
        "OddForCausalLM",
    ),
    "no-architecture": (
        {"config": {"architectures": None}},
        ["architecture-unknown"],
        "no architecture",
    ),
    "classifier": (
        {"config": {"architectures": ["LlamaForSequenceClassification"]}},
        ["architecture-not-causal-lm"],
        "LlamaForSequenceClassification",
    ),
    "needs-code": (
        {
            "config": {
                "model_type": "odd",
                "auto_map": {"AutoConfig": "configuration_odd.OddConfig"},
            },
            "files": {"configuration_odd.py": "raise SystemExit('never run me')"},
        },
        ["remote-code-needed"],
        "config.json",
    ),
    "no-tokenizer": (
        {"files": {"tokenizer.json": None, "tokenizer_config.json": None}},
        ["tokenizer-unreadable"],
        "tokenizer",
    ),
    "broken-tokenizer": ({"files": {"tokenizer.json": "{}"}}, ["tokenizer-unreadable"], "token"),
    "too-large": (
        {"files": {"model.safetensors": save({"t": np.zeros(PARAMETERS + 1, dtype=np.float32)})}},
        ["params-over-limit"],
        "0.000 billion",
    ),
}


@pytest.mark.parametrize("name", BAD_MODELS)
async def test_what_is_wrong_with_a_model_is_told_to_its_submitter(
    hub_url: str, publish_model: PublishModel, name: str
) -> None:
    changes, codes, mentioned = BAD_MODELS[name]
    model = publish_model(name, **changes)

    reasons = await reasons_against(hub_url, model)

    assert [reason.code for reason in reasons] == codes
    assert mentioned in reasons[0].message
    assert "podium-validator-" not in reasons[0].message
    assert len(reasons[0].message) < 600


async def test_a_model_that_never_was_is_not_found(hub_url: str) -> None:
    model = ModelRef(repo_id="ada/nothing", commit="a" * 40, precision=Precision.FLOAT32)

    assert [reason.code for reason in await reasons_against(hub_url, model)] == ["model-not-found"]


async def test_many_things_wrong_are_told_at_once(
    hub_url: str, publish_model: PublishModel
) -> None:
    model = publish_model(
        "hopeless",
        files={
            "README.md": None,
            "model.safetensors": None,
            "pytorch_model.bin": b"",
            "tokenizer.json": "{}",
        },
        config={"architectures": ["LlamaForSequenceClassification"]},
    )

    reasons = await reasons_against(hub_url, model.model_copy(update={"precision": Precision.INT4}))

    assert [reason.code for reason in reasons] == [
        "license-missing",
        "safetensors-missing",
        "architecture-not-causal-lm",
        "tokenizer-unreadable",
        "precision-not-accepted",
    ]


async def test_a_named_license_of_ones_own_is_a_license(
    hub_url: str, publish_model: PublishModel
) -> None:
    card = "---\nlicense: other\nlicense_name: acme-1\nlicense_link: LICENSE\n---\n"

    facts = await facts_of(hub_url, publish_model("own-license", files={"README.md": card}))

    assert facts.license == "acme-1"


async def test_a_file_too_large_to_look_at_is_not_downloaded(
    hub_url: str, hub_root: Path, publish_model: PublishModel
) -> None:
    model = publish_model("huge")
    with (hub_root / "models/ada/huge/corpus.json").open("wb") as corpus:
        corpus.truncate(100_000_001)
    newest = HfApi(endpoint=hub_url, token=False).model_info("ada/huge").sha

    facts = await facts_of(hub_url, model.model_copy(update={"commit": newest}))

    assert facts.oversized == ("corpus.json",)


async def test_a_chat_template_is_found(hub_url: str, publish_model: PublishModel) -> None:
    chatty = publish_model("chatty", files={"chat_template.jinja": "{{ messages }}"})

    facts = await facts_of(hub_url, chatty)

    assert facts.tokenizer
    assert facts.tokenizer.has_chat_template


async def test_code_in_the_repository_is_named_and_never_run(
    hub_url: str, publish_model: PublishModel, tmp_path: Path
) -> None:
    mark = tmp_path / "was-run"
    code = f"open({str(mark)!r}, 'w')"
    model = publish_model(
        "native",
        config={"auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}},
        tokenizer_config={"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}},
        files={"own.py": code},
    )

    facts = await facts_of(hub_url, model)

    assert facts.remote_code == ("config.json", "tokenizer_config.json")
    assert facts.config
    assert facts.tokenizer
    assert not mark.exists()


async def test_packed_weights_are_recognised(hub_url: str, publish_model: PublishModel) -> None:
    quantization = {"quant_method": "gptq", "bits": 4, "group_size": 128}

    facts = await facts_of(
        hub_url, publish_model("gptq", config={"quantization_config": quantization})
    )

    assert facts.config
    assert facts.config.quantized_bits == 4


async def test_a_fault_of_the_hub_is_no_fact(
    hub_url: str, hub_root: Path, publish_model: PublishModel
) -> None:
    model = publish_model("stumbling")
    (hub_root / "models/ada/stumbling/_hub.json").write_text("no JSON: the Hub answers with 500")

    with pytest.raises(HfHubHTTPError) as fault:
        await facts_of(hub_url, model)
    assert fault.value.response.status_code >= 500


async def test_a_hub_that_is_away_is_no_fact(publish_model: PublishModel) -> None:
    with pytest.raises(httpx2.ConnectError):
        await facts_of(f"http://127.0.0.1:{free_port()}", publish_model("unreached"))


def test_torch_is_not_needed(hub_url: str, publish_model: PublishModel) -> None:
    """In the validator's image it is not installed; here it is hidden."""
    model = publish_model("without-torch")

    examined = subprocess.run(
        [sys.executable, "-c", _EXAMINE_WITHOUT_TORCH, hub_url, model.model_dump_json()],
        capture_output=True,
        text=True,
        timeout=120,
        env={name: value for name, value in os.environ.items() if not name.startswith("HF_")},
    )

    assert examined.returncode == 0, examined.stderr
    assert examined.stdout.split() == ["LlamaForCausalLM", "False", "False"]


_EXAMINE_WITHOUT_TORCH = """
import asyncio, importlib.util, sys

find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find_spec(name, *rest)

from contracts.models import ModelRef
from services.validator.hub import Hub

url, model = sys.argv[1:]
facts = asyncio.run(Hub(url, 10).facts(ModelRef.model_validate_json(model)))
print(facts.config.architecture, facts.tokenizer.has_chat_template, "torch" in sys.modules)
"""
