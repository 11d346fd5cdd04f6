"""Whom the boards ask to cite, held against what lm-eval's own tasks say of the same papers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest

from contracts.board import BoardTask
from runtime.boards import load_boards
from runtime.settings import REPOSITORY

TASKS = [
    pytest.param(task, id=f"{name}-{task.id}")
    for name, board in load_boards(REPOSITORY / "boards").items()
    for task in board.tasks
]
FOLDERS = ("leaderboard", "arc", "hellaswag", "mmlu", "truthfulqa", "winogrande", "gsm8k")


@dataclass(frozen=True)
class Citation:
    title: str
    """Letters alone, as bibliographies differ in the rest."""
    names: frozenset[str]
    """Words of the authors' names, in whichever order; without initials."""
    year: str


def citations(text: str) -> Iterator[Citation]:
    for entry in re.findall(r"@\w+\{[^@]+", text):
        fields = {
            name.lower(): re.sub(r"\s+", " ", value)
            for name, value in re.findall(
                r'^\s*(title|author|year)\s*=\s*[{"]([\s\S]+?)[}"],?\s*$', entry, re.M | re.I
            )
        }
        if len(fields) == 3:
            yield Citation(
                title=re.sub(r"[^a-z0-9]", "", fields["title"].lower()),
                names=frozenset(re.findall(r"[^\W\d_]{2,}", fields["author"])) - {"and"},
                year=fields["year"],
            )


KNOWN = {
    one.title: one
    for folder in FOLDERS
    for one in citations(Path(str(files("lm_eval") / "tasks" / folder / "README.md")).read_text())
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_cites_its_paper_as_lm_eval_does(task: BoardTask) -> None:
    assert task.source
    [cited] = citations(task.source.citation)

    known = KNOWN[cited.title]
    # That of GSM8K leaves out some of its authors.
    assert cited.names >= known.names
    assert cited.year == known.year
