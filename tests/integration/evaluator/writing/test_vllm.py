"""vLLM itself is not installed here. A backend with lm-eval's interface stands in for lm-eval's
vLLM backend, to show what that one is given, and when."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance
from transformers import PreTrainedTokenizerFast

from tests.integration.evaluator.writing.models import (
    WritingModel,
    byte_tokenizer,
    random_llama,
    request,
)

REQUESTS = [request(f"the answer {n}", until=["\n"], max_gen_toks=4) for n in range(3)]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return byte_tokenizer()


@pytest.fixture
def model(tokenizer: PreTrainedTokenizerFast) -> WritingModel:
    return WritingModel(random_llama(), tokenizer, max_length=256)


class OnGpu(WritingModel):
    """Where it would be moved to is written down; there is no GPU to move to."""

    @property
    def device(self) -> torch.device:
        return torch.device("cuda")

    @device.setter
    def device(self, _: object) -> None: ...


def test_a_model_that_vllm_cannot_serve_is_served_otherwise(
    model: WritingModel, tmp_path: Path
) -> None:
    expected = model.texts(REQUESTS)

    assert model.answers(REQUESTS, "vllm", folder=None) == expected
    assert model.usage.engine.name == "hf"
    assert model.usage.engine.reason == (
        "vllm: ValueError: no files have the weights as they are evaluated;"
        " continuous: slower on a cpu"
    )
    assert model.answers(REQUESTS, "vllm", folder=tmp_path) == expected
    assert "it takes the first GPU, and the model is on cpu" in model.usage.engine.reason


def test_vllm_has_the_gpu_to_itself_while_it_writes(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = OnGpu(random_llama(), tokenizer, max_length=256)
    moved_to: list[str] = []
    given: dict[str, Any] = {}
    monkeypatch.setattr(model.model, "to", lambda device: moved_to.append(str(device)))

    class Backend:
        def __init__(self, **options: Any) -> None:
            given.update(options)
            assert moved_to == ["cpu"]

        def generate_until(self, requests: list[Instance], disable_tqdm: bool) -> list[str]:
            return [f"answer to {request.args[0]}" for request in requests]

    module = ModuleType("lm_eval.models.vllm_causallms")
    vars(module)["VLLM"] = Backend
    monkeypatch.setitem(sys.modules, module.__name__, module)

    texts = model.answers(REQUESTS, "vllm", folder=tmp_path)

    assert texts == [f"answer to the answer {n}" for n in range(3)]
    assert moved_to == ["cpu", "cuda"]
    assert given["pretrained"] == str(tmp_path)
    assert given["dtype"] == "float32"
    assert given["max_model_len"] == 256
    assert model.usage.engine.name == "vllm"
    written = sum(len(tokenizer.encode(text)) for text in texts)
    assert model.usage.tokens.generated == written
    assert model.usage.tokens.forwarded > written
