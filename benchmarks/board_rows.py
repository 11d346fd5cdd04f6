"""Rows of open-llm-v2 that nobody has evaluated, as many as a benchmark wants, as the bus has them.

Spread like the published ones, from fixed seeds: the same rows on every machine."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

TASKS = ("ifeval", "bbh", "math", "gpqa", "musr", "mmlu-pro")
_FAMILIES = {
    "Llama": "LlamaForCausalLM",
    "Meta-Llama-3.1": "LlamaForCausalLM",
    "Qwen2.5": "Qwen2ForCausalLM",
    "Mistral": "MistralForCausalLM",
    "gemma-2": "Gemma2ForCausalLM",
    "phi-3": "Phi3ForCausalLM",
}
_SIZES = (0.5, 1.5, 3, 7, 8, 13, 14, 32, 70, 72)
_LICENSES = ("apache-2.0", "mit", "llama3.1", "gemma", "other", "cc-by-nc-4.0", "")
_TYPES = ("fine-tuned", "merge", "chat", "pretrained", "continuously-pretrained")
_WORDS = ("instruct", "dpo", "slerp", "v2", "ties", "chat", "coder", "math", "pro", "lite")


def row(place: int, *, shift: float = 0.0) -> tuple[str, bytes]:
    """Subject and body. `shift` moves its scores, in points."""
    numbers = random.Random(place)
    family = numbers.choice(list(_FAMILIES))
    size = numbers.choice(_SIZES)
    words = "-".join(numbers.choices(_WORDS, k=2))
    name = f"org-{numbers.randrange(20_000)}/{family}-{size:g}B-{words}-{place}"
    sid = f"{place:020x}"
    moment = datetime(2024, 6, 8, tzinfo=UTC) + timedelta(minutes=numbers.randrange(350_000))
    scores = {task: _score(task, numbers.gauss(25, 12) + shift) for task in TASKS}
    entry = {
        "board": "open-llm-v2",
        "sid": sid,
        "repo_id": name,
        "model": {
            "repo_id": name,
            "commit": f"{numbers.getrandbits(160):040x}",
            "precision": numbers.choice(("bfloat16", "bfloat16", "float16")),
            "weight_type": "original",
            "base_model": None,
            "chat_template": numbers.random() < 0.5,
        },
        "model_type": numbers.choice(_TYPES),
        "architecture": _FAMILIES[family],
        "license": numbers.choice(_LICENSES),
        "parameters": round(size * 1e9),
        "scores": scores,
        "average": sum(score["normalized"] for score in scores.values()) / len(TASKS),
        "provisional": False,
        "outstanding": [],
        "run": 1,
        "seconds": 3600.0,
        "updated_at": moment.isoformat(),
        "board_version": 1,
        "is_merge": numbers.random() < 0.15,
        "is_mixture_of_experts": numbers.random() < 0.02,
        "origin": "evaluated",
        "is_official": numbers.random() < 0.1,
        "is_available": numbers.random() < 0.7,
        "likes": numbers.randrange(500),
        "submitted_at": moment.isoformat(),
        "co2_kg": 1.5,
        "average_stderr": 0.4,
        "scoring_version": "benchmark",
    }
    return f"podium.v1.view.entry.open-llm-v2.{sid}", json.dumps(entry).encode()


def rows(count: int) -> Iterator[tuple[str, bytes]]:
    return map(row, range(count))


def _score(task: str, normalized: float) -> dict[str, object]:
    return {
        "raw": normalized / 100,
        "normalized": normalized,
        "subtasks": [],
        "seconds": 600.0,
        "engine": "tree",
        "versions": {"lm_eval": "0.4.13"},
        "details": None,
        "stderr": 1.0,
    }
