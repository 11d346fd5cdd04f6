"""Files of samples as evaluators write them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from services.evaluator.details import write_samples


def samples_file(folder: Path, samples: Iterable[dict[str, Any]], name: str = "one") -> bytes:
    path = folder / f"{name}.parquet"
    write_samples(path, [(one["task"], one) for one in samples])
    return path.read_bytes()


def chosen(
    doc_id: int,
    *,
    right: bool,
    question: str = "",
    task: str = "podium_facts",
    prefix: str = "",
    target: object = 1,
) -> dict[str, Any]:
    """A question with two choices, of which the second is right."""
    question = question or f"Is {doc_id} a number?"
    answers = [(-3.0, False), (-1.0, True)] if right else [(-1.0, True), (-3.0, False)]
    return _sample(
        doc_id,
        task,
        question,
        target=target,
        arguments=[(f"{prefix}Q: {question}\nA:", f" {text}") for text in ("no", "yes")],
        resps=[[answer] for answer in answers],
        filtered_resps=answers,
        prompt=f"{prefix}{question}",
        metrics=["acc"],
        acc=float(right),
    )


def written(doc_id: int, answer: str, **metrics: object) -> dict[str, Any]:
    """A question that the model answers in words."""
    question = f"Say {doc_id}."
    return _sample(
        doc_id,
        "podium_facts",
        question,
        target=str(doc_id),
        arguments=[(question, {"until": ["\n"]})],
        resps=[[answer]],
        filtered_resps=[answer],
        prompt=question,
        metrics=list(metrics),
        **metrics,
    )


def _sample(doc_id: int, task: str, question: str, prompt: str, **fields: object) -> dict[str, Any]:
    return {
        "task": task,
        "doc_id": doc_id,
        "doc": {"question": question},
        "filter": "none",
        "doc_hash": f"doc {question}",
        "prompt_hash": f"prompt {prompt}",
        "target_hash": f"target {doc_id}",
        **fields,
    }
