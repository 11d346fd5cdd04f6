"""A repository's files on disk, as its author knows them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.evaluator.failures import blame_model


@dataclass(frozen=True)
class Repository:
    folder: Path
    is_base: bool = False
    """Whether this is the model that the submitted adapter or delta changes."""

    @property
    def name(self) -> str:
        return "base model's repository" if self.is_base else "repository"

    def called(self, file: str) -> str:
        """How a sentence names one of its files."""
        return f"the base model's {file}" if self.is_base else file

    def holds(self, file: str) -> bool:
        return (self.folder / file).is_file()

    def read_json(self, file: str, code: str) -> dict[str, Any]:
        """Raises EvaluationFault with this code for a file that is missing or no JSON object."""
        advice = "Write the file with save_pretrained, and submit the new commit."
        if not self.holds(file):
            raise blame_model(code, f"The {self.name} holds no {file}.", advice)
        try:
            content = json.loads((self.folder / file).read_text())
        except ValueError as fault:  # not UTF-8, or not JSON
            raise blame_model(code, f"{self.called(file)} is no JSON: {fault}", advice) from fault
        except RecursionError as fault:
            raise blame_model(code, f"{self.called(file)} is nested too deeply.", advice) from fault
        if not isinstance(content, dict):
            raise blame_model(code, f"{self.called(file)} holds no JSON object.", advice)
        return content
