"""What is found out about models on a Hub."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import HfApi
from safetensors.numpy import save

from contracts.models import ModelRef, Precision, WeightType
from runtime.ports import free_port
from services.validator.facts import Facts
from services.validator.hub import Hub, HubDoesNotAnswerError
from services.validator.rules import judged
from services.validator.rules.rule import Case
from tests.integration.validator.judging import BOARD, NO_POLICY, submission
from tests.integration.validator.tiny_model import PARAMETERS, adapter, sharded, zeros
from tests.waiting import HANGS_S

PublishModel = Callable[..., ModelRef]


async def facts_of(hub_url: str, model: ModelRef, scratch: Path | None = None) -> Facts:
    return await Hub(hub_url, timeout_s=HANGS_S, scratch=scratch).facts(model)


async def reasons_against(hub_url: str, model: ModelRef) -> list[str]:
    case = Case(await facts_of(hub_url, model), submission(model), BOARD, NO_POLICY)
    return [reason.code for reason in judged(case).reasons]


async def test_a_good_model_is_examined_and_nothing_of_it_stays(
    hub_url: str, publish_model: PublishModel, tmp_path: Path
) -> None:
    model = publish_model("good")

    facts = await facts_of(hub_url, model, scratch=tmp_path)

    found = facts.submitted
    assert found.card
    assert found.card.license == "mit"
    assert found.weights
    assert dict(found.weights.elements) == {"F32": PARAMETERS}
    assert found.config
    assert found.config.architecture == "LlamaForCausalLM"
    assert list(tmp_path.iterdir()) == []
    assert await reasons_against(hub_url, model) == []


async def test_equal_weights_have_equal_digests_whatever_their_files_are_called(
    hub_url: str, publish_model: PublishModel
) -> None:
    def shards(*names: str) -> dict[str, Any]:
        return sharded(
            {f"t{n}": f"{name}.safetensors" for n, name in enumerate(names)},
            **{name: zeros(**{f"t{n}": (n + 1,)}) for n, name in enumerate(names)},
        )

    models = {
        "one-file": publish_model("one-file"),
        "one-file-again": publish_model("one-file-again", files={"chat_template.jinja": "x"}),
        "two-files": publish_model("two-files", **shards("a", "b")),
        "two-files-again": publish_model("two-files-again", **shards("z", "y")),
        "other-file": publish_model("other-file", files={"model.safetensors": zeros(t=(1,))}),
        "adapter": publish_model(
            "an-adapter", submitted={"weight_type": WeightType.ADAPTER}, **adapter()
        ),
        "adapter-again": publish_model(
            "an-adapter-again",
            submitted={"weight_type": WeightType.ADAPTER},
            **adapter({"optimizer.safetensors": zeros(t=(1,))}),
        ),
        "none": publish_model("weightless", files={"model.safetensors": None}),
    }

    digests = {
        name: (await facts_of(hub_url, model)).submitted.weights_digest
        for name, model in models.items()
    }

    assert digests["one-file"] == digests["one-file-again"]
    assert digests["two-files"] == digests["two-files-again"]
    assert digests["adapter"] == digests["adapter-again"]
    assert digests["none"] == ""
    assert len(set(digests.values())) == 5


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

    weights = (await facts_of(hub_url, model)).submitted.weights

    assert weights
    assert dict(weights.elements) == {"F16": 6}


async def test_the_submitted_commit_is_examined_and_not_a_later_one(
    hub_url: str, hub_root: Path, publish_model: PublishModel
) -> None:
    first = publish_model("moving")
    (hub_root / "models/ada/moving/README.md").write_text("# No license any more\n")

    reasons = await reasons_against(hub_url, first)

    # localhub keeps no history, so the old commit is gone rather than served from the new files.
    assert reasons == ["commit-not-found"]


async def test_a_model_that_never_was_is_not_found(hub_url: str) -> None:
    model = ModelRef(repo_id="ada/nothing", commit="a" * 40, precision=Precision.FLOAT32)

    assert await reasons_against(hub_url, model) == ["model-not-found"]


async def test_a_file_too_large_to_look_at_is_not_downloaded(
    hub_url: str, hub_root: Path, publish_model: PublishModel
) -> None:
    model = publish_model("huge")
    with (hub_root / "models/ada/huge/corpus.json").open("wb") as corpus:
        corpus.truncate(100_000_001)
    newest = HfApi(endpoint=hub_url, token=False).model_info("ada/huge").sha

    newest_model = model.model_copy(update={"commit": newest})

    facts = await facts_of(hub_url, newest_model)

    assert facts.submitted.oversized == ("corpus.json",)
    assert await reasons_against(hub_url, newest_model) == ["files-too-large"]


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

    assert facts.submitted.remote_code == ("config.json", "tokenizer_config.json")
    assert facts.submitted.config
    assert facts.tokenizer
    assert not mark.exists()


async def test_a_fault_of_the_hub_is_no_fact(
    hub_url: str, hub_root: Path, publish_model: PublishModel
) -> None:
    model = publish_model("stumbling")
    (hub_root / "models/ada/stumbling/_hub.json").write_text("no JSON: the Hub answers with 500")

    with pytest.raises(HubDoesNotAnswerError, match="500"):
        await facts_of(hub_url, model)


async def test_a_hub_that_is_away_is_no_fact(publish_model: PublishModel) -> None:
    with pytest.raises(HubDoesNotAnswerError):
        await facts_of(f"http://127.0.0.1:{free_port()}", publish_model("unreached"))


def test_neither_torch_nor_transformers_is_imported_where_nats_is(
    hub_url: str, publish_model: PublishModel
) -> None:
    """And torch is not imported in child processes either: the validator's image has none."""
    model = publish_model("without-torch")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}

    examined = subprocess.run(
        [sys.executable, "-c", _EXAMINE, hub_url, model.model_dump_json()],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )

    assert examined.returncode == 0, examined.stderr
    assert examined.stdout.split() == ["LlamaForCausalLM", "21", "False", "False", "None"]
    assert examined.stderr == ""


_EXAMINE = """
import asyncio, sys

from contracts.models import ModelRef
from services.validator.child import ChildLimits, in_child
from services.validator.hub import Hub

url, model = sys.argv[1:]
facts = asyncio.run(Hub(url, 10).facts(ModelRef.model_validate_json(model)))
print(facts.submitted.config.architecture, facts.tokenizer.sample_tokens)
print("torch" in sys.modules, "transformers" in sys.modules)
print(in_child(ChildLimits(), eval, "__import__('sys').modules.get('torch')"))
"""
