import json
import multiprocessing
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from demo.content import DemoContent, ensure_content
from demo.recipes import NAMESPACE, RECIPES, Merged, Recipe, Spoilt

SOUND = [recipe.name for recipe in RECIPES if not isinstance(recipe.how, Spoilt)]


def repository(content: DemoContent, name: str) -> Path:
    return content.root / "models" / NAMESPACE / name


def weights(content: DemoContent, name: str) -> dict[str, torch.Tensor]:
    return load_file(repository(content, name) / "model.safetensors")


@pytest.mark.parametrize("name", SOUND)
def test_the_auto_classes_load_a_sound_model(content: DemoContent, name: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(repository(content, name))
    model = AutoModelForCausalLM.from_pretrained(repository(content, name))

    ids = tokenizer("What is 12 plus 7?", return_tensors="pt").input_ids
    assert tokenizer.decode(ids[0]) == "What is 12 plus 7?"
    assert torch.isfinite(model(ids).logits).all()
    assert tokenizer.eos_token_id == model.generation_config.eos_token_id
    assert None not in (tokenizer.pad_token_id, tokenizer.bos_token_id)


def test_the_chat_model_has_a_template_that_marks_the_turns(content: DemoContent) -> None:
    tokenizer = AutoTokenizer.from_pretrained(repository(content, "qwen2-400k-chat"))

    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Is 2 more than 1?"}],
        tokenize=False,
        add_generation_prompt=True,
    )

    assert prompt == "<|user|>\nIs 2 more than 1?<|end|>\n<|assistant|>\n"


def test_the_merge_is_the_mean_of_its_bases(content: DemoContent) -> None:
    merge = next(recipe for recipe in RECIPES if isinstance(recipe.how, Merged))
    first, second = (weights(content, base) for base in merge.bases)

    for name, weight in weights(content, merge.name).items():
        torch.testing.assert_close(weight, (first[name] + second[name]) / 2)


def test_the_spoilt_models_have_their_defects(content: DemoContent) -> None:
    pickle = repository(content, "llama-400k-pickle-only")
    config = json.loads((repository(content, "llama-400k-remote-code") / "config.json").read_text())
    spoilt = weights(content, "llama-400k-nan-weights")

    assert not list(pickle.glob("*.safetensors"))
    assert (pickle / "pytorch_model.bin").is_file()
    assert config["auto_map"].keys() == {"AutoConfig", "AutoModelForCausalLM"}
    assert [name for name, weight in spoilt.items() if weight.isnan().any()] == [
        "model.norm.weight"
    ]


def test_every_submission_has_its_repository(content: DemoContent) -> None:
    for submission in content.submissions:
        assert (content.root / "models" / submission.model / "README.md").is_file()


def test_a_second_call_makes_nothing(
    content: DemoContent, quick_recipes: tuple[Recipe, ...]
) -> None:
    lines: list[str] = []

    again = ensure_content(content.root, lines.append, quick_recipes)

    assert lines == []
    assert again == content


def test_the_same_recipe_makes_the_same_weights(
    content: DemoContent, quick_recipes: tuple[Recipe, ...], tmp_path: Path
) -> None:
    again = ensure_content(tmp_path, lambda line: None, quick_recipes[:2])

    name = quick_recipes[1].name
    for key, weight in weights(again, name).items():
        assert torch.equal(weight, weights(content, name)[key])


def test_an_interrupted_call_leaves_nothing_half_made(
    quick_recipes: tuple[Recipe, ...], tmp_path: Path
) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("making"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_content(tmp_path, interrupt, quick_recipes[:1])

    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == []
    assert multiprocessing.active_children() == []


def test_another_recipe_replaces_the_content_and_nothing_else(
    quick_recipes: tuple[Recipe, ...], tmp_path: Path
) -> None:
    stale = tmp_path / "models" / NAMESPACE / "of-a-former-recipe"
    other = tmp_path / "models" / "somebody" / "model"
    left_by_a_kill = tmp_path / ".making-abc"
    for folder in (stale, other, left_by_a_kill):
        folder.mkdir(parents=True)
    (tmp_path / "demo-content.sha256").write_text("of a former recipe")

    content = ensure_content(tmp_path, lambda line: None, quick_recipes[:1])

    assert repository(content, quick_recipes[0].name).is_dir()
    assert other.is_dir()
    assert not stale.exists()
    assert not left_by_a_kill.exists()
