"""A Hub with the real benchmarks of both Open LLM Leaderboards, and a model fit to answer them."""

import csv
import gzip
import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from runtime.settings import REPOSITORY

BENCHMARKS = Path(os.environ.get("PODIUM_SHARED", REPOSITORY.parent / "shared")) / "bench"
NLTK_DATA = BENCHMARKS / "_nltk_data"

_MATH_SUBJECTS = (
    "algebra",
    "counting_and_probability",
    "geometry",
    "intermediate_algebra",
    "number_theory",
    "prealgebra",
    "precalculus",
)
_GPQA_CONFIGS = ("gpqa_main", "gpqa_diamond", "gpqa_extended")
_ROWS = 30


def fill_hub(root: Path) -> Path:
    """Write `root/datasets`: what lies in shared/bench as `namespace__name`, and rows made here for
    GPQA and MATH, whose own may not be passed on. Skips the test where shared/bench is absent."""
    if not BENCHMARKS.exists():
        pytest.skip(f"{BENCHMARKS} is absent; real benchmark data is not part of this repository")
    for folder in BENCHMARKS.glob("*__*"):
        shutil.copytree(folder, root / "datasets" / Path(*folder.name.split("__", 1)))
    _make_gpqa(root / "datasets" / "Idavidrein" / "gpqa")
    _make_math(root / "datasets" / "DigitalLearningGmbH" / "MATH-lighteval")
    (root / "models").mkdir()
    return root


def _make_gpqa(repo: Path) -> None:
    """One CSV per config, with the columns of the original that lm-eval reads."""
    repo.mkdir(parents=True)
    _write_card(repo, {name: {"train": f"{name}.csv"} for name in _GPQA_CONFIGS})
    for name in _GPQA_CONFIGS:
        numbers = random.Random(name)
        with (repo / f"{name}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            wrong = [f"Incorrect Answer {number}" for number in (1, 2, 3)]
            rows.writerow(["Question", "Correct Answer", *wrong, "Subdomain", "Record ID"])
            for number in range(_ROWS):
                mass, speed = numbers.randint(2, 90), numbers.randint(2, 90)
                joules = mass * speed**2 / 2
                rows.writerow(
                    [
                        f"A body of {mass} kg moves at {speed} m/s. What is its kinetic energy?",
                        f"{joules} J",
                        *(f"{joules * factor} J [rounded]" for factor in (2, 0.5, 4)),
                        "Mechanics",
                        f"made-{number}",
                    ]
                )


def _make_math(repo: Path) -> None:
    """A config per subject, with two rows of the hardest level to one of another."""
    files = {
        subject: {split: f"{subject}/{split}.jsonl" for split in ("train", "test")}
        for subject in _MATH_SUBJECTS
    }
    repo.mkdir(parents=True)
    _write_card(repo, files)
    for subject in _MATH_SUBJECTS:
        for split, name in files[subject].items():
            (repo / name).parent.mkdir(exist_ok=True)
            lines = map(json.dumps, _math_rows(subject, split))
            (repo / name).write_text("".join(f"{line}\n" for line in lines))


def _math_rows(subject: str, split: str) -> Iterator[dict[str, str]]:
    numbers = random.Random(f"{subject} {split}")
    for number in range(_ROWS * 3 // 2):
        a, b = numbers.randint(2, 99), numbers.randint(2, 99)
        yield {
            "problem": f"Find $x$ if $\\frac{{x}}{{{a}}} = {b}$.",
            "solution": f"Multiplying by ${a}$, we get $x = {a} \\cdot {b} = \\boxed{{{a * b}}}$.",
            "level": "Level 3" if number % 3 == 2 else "Level 5",
            "type": subject.replace("_", " ").title(),
        }


def _write_card(repo: Path, configs: dict[str, dict[str, str]]) -> None:
    front = {
        "configs": [
            {
                "config_name": name,
                "data_files": [{"split": split, "path": path} for split, path in files.items()],
            }
            for name, files in configs.items()
        ]
    }
    (repo / "README.md").write_text(f"---\n{yaml.safe_dump(front)}---\n")


def make_reader(folder: Path) -> None:
    """Write a random llama of some 100,000 parameters that reads any text and 25-shot prompts, as
    float32 safetensors. Unlike most random models, it has widely spread scores and ends most of its
    answers by itself, after some dozen tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_english(), trainer)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=16384,
            initializer_range=0.5,
            bos_token_id=0,
            eos_token_id=1,
        )
    )
    with torch.no_grad():
        model.lm_head.weight[1] *= 2
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "bos_token": "<s>",
                "eos_token": "</s>",
                "model_max_length": 16384,
            }
        )
    )
    card = "# A tiny reader\n" + "Random weights, for tests of the whole way to a board. " * 5
    (folder / "README.md").write_text(f"---\nlicense: mit\n---\n{card}\n")


def _english() -> Iterator[str]:
    with gzip.open(BENCHMARKS / "openai__gsm8k" / "main" / "test.jsonl.gz", "rt") as file:
        for row in map(json.loads, file):
            yield row["question"]
