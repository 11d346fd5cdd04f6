"""A model, tasks and a board so small that a real evaluation takes a second."""

import json
from enum import StrEnum
from pathlib import Path

import torch
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

CHOICES = ("red", "green", "blue", "yellow")
_THINGS = ("sky", "grass", "sun", "rose", "sea", "leaf", "lemon", "brick")


def make_tiny_model(folder: Path, *, seed: int = 0) -> LlamaForCausalLM:
    """Write a random llama of some 20,000 parameters with its tokenizer, as float32 safetensors.
    Equal seeds give equal weights. The model is returned, to be changed and saved again."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    text = [_question(number) for number in range(len(_THINGS))] + list(CHOICES)
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text, trainer)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=256,
            bos_token_id=0,
            eos_token_id=1,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "bos_token": "<s>",
                "eos_token": "</s>",
                "model_max_length": 256,
            }
        )
    )
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A tiny llama\n")
    return model


class Kind(StrEnum):
    """What a task asks of the model, as lm-eval calls it."""

    CHOICE = "multiple_choice"
    GENERATION = "generate_until"
    PERPLEXITY = "loglikelihood_rolling"


def make_tiny_task(
    folder: Path, name: str, *, kind: Kind = Kind.CHOICE, questions: int = 12
) -> None:
    """Write an lm-eval task whose data are in a file beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{name}.jsonl"
    lines = [_document(len(name) + number) for number in range(questions)]
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    task = _task(name, kind) | {
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"train": str(data), "test": str(data)}},
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(task))


def make_tiny_hub_task(folder: Path, name: str, repo: Path, repo_id: str) -> None:
    """Write an lm-eval task whose data are a data set on a Hub, in the folder `repo` there."""
    repo.mkdir(parents=True)
    for split in ("train", "test"):
        lines = [_document(number) for number in range(6)]
        (repo / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    folder.mkdir(parents=True, exist_ok=True)
    task = _task(name, Kind.CHOICE) | {"dataset_path": repo_id}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(task))


def make_tiny_group(folder: Path, name: str, members: tuple[str, ...]) -> None:
    """Write an lm-eval group of tasks that stand there."""
    group = {
        "group": name,
        "task": list(members),
        "aggregate_metric_list": [{"metric": "acc", "weight_by_size": True}],
        "metadata": {"version": 1.0},
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(group))


def write_board(folder: Path, name: str, tasks: list[dict[str, object]], **limits: object) -> None:
    """Write `<name>.yaml`; `limits` are added to those that let a tiny float32 model through."""
    folder.mkdir(parents=True, exist_ok=True)
    board = {
        "name": name,
        "title": f"Board {name}",
        "version": 1,
        "tasks": tasks,
        "limits": {"max_parameters": {"float32": 1_000_000, "8bit": 1_000_000}} | limits,
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(board))


def board_task(
    task_id: str, harness_task: str, *, members: tuple[str, ...] = (), metric: str = "acc,none"
) -> dict[str, object]:
    """One column, for `write_board`; guessing gets a quarter of it right."""
    task: dict[str, object] = {
        "id": task_id,
        "title": task_id.title(),
        "harness_task": harness_task,
        "metrics": [metric],
    }
    if not members:
        return task | {"choices": 4}
    return task | {"subtasks": [{"harness_task": member, "choices": 4} for member in members]}


def _question(number: int) -> str:
    thing = _THINGS[number % len(_THINGS)]
    return f"Question {number}: what colour is the {thing}?\nAnswer:"


def _document(number: int) -> dict[str, object]:
    return {
        "question": _question(number),
        "choices": list(CHOICES),
        "gold": number * 7 % len(CHOICES),
    }


def _task(name: str, kind: Kind) -> dict[str, object]:
    task: dict[str, object] = {
        "task": name,
        "output_type": str(kind),
        "training_split": "train",
        "test_split": "test",
        "metadata": {"version": 1.0},
    }
    if kind is Kind.PERPLEXITY:
        return task | {
            "doc_to_text": "",
            "doc_to_target": "{{question}}",
            "metric_list": [{"metric": "word_perplexity"}, {"metric": "bits_per_byte"}],
        }
    task |= {"fewshot_split": "train", "num_fewshot": 2, "doc_to_text": "{{question}}"}
    if kind is Kind.GENERATION:
        return task | {
            "doc_to_target": "{{choices[gold]}}",
            "generation_kwargs": {"until": ["\n"], "do_sample": False, "max_gen_toks": 4},
            "metric_list": [{"metric": "exact_match"}],
        }
    return task | {
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "gold",
        "metric_list": [
            {"metric": metric, "aggregation": "mean", "higher_is_better": True}
            for metric in ("acc", "acc_norm")
        ],
    }
