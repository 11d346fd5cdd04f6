"""Writes the demo's data sets as a Hub would hold them: JSON lines beside a card."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from demo.cards import data_card, data_file
from demo.questions import Question, QuestionSet
from demo.text import Document

TASK_SPLITS = ("train", "test")


def write_task_data(sets: Sequence[QuestionSet], folder: Path) -> None:
    """One data set per task; the leaves of a group are the configs of one data set."""
    repositories: dict[str, dict[str, QuestionSet]] = {}
    for questions in sets:
        name, _, config = questions.name.partition("_")
        repositories.setdefault(name, {})[config or "default"] = questions
    for name, by_config in repositories.items():
        repository = folder / name
        for config, questions in by_config.items():
            write_lines(repository / data_file(config, "train"), map(row, questions.train))
            write_lines(repository / data_file(config, "test"), map(row, questions.test))
        body = "\n".join(
            f"`{config}`: {len(questions.train)} train and {len(questions.test)} test questions."
            f" Never in both: {questions.unseen}."
            for config, questions in by_config.items()
        )
        configs = dict.fromkeys(by_config, TASK_SPLITS)
        (repository / "README.md").write_text(data_card(name, configs, body), encoding="utf-8")


def write_training_text(documents: Sequence[Document], folder: Path) -> None:
    name = "training-text"
    write_lines(
        folder / name / data_file("default", "train"),
        ({"subject": document.subject, "text": document.plain()} for document in documents),
    )
    body = (
        f"The {len(documents)} documents that the demo's models are trained on: statements of"
        " facts, and answered questions of the train splits of the demo's tasks."
    )
    (folder / name / "README.md").write_text(
        data_card(name, {"default": ("train",)}, body), encoding="utf-8"
    )


def row(question: Question) -> dict[str, object]:
    if len(question.choices) == 1:
        return {"question": question.prompt, "answer": question.answer}
    return {
        "question": question.prompt,
        "choices": list(question.choices),
        "gold": question.gold,
    }


def write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
