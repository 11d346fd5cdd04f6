"""A published command: checked, because it comes from a server, then run by this Python."""

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field

_PROGRAMS = {"lm_eval": "lm_eval", "hf": "huggingface_hub.cli.hf"}
_MODEL_ARGUMENTS = {
    *("pretrained", "revision", "peft", "delta", "tokenizer", "dtype", "use_safetensors"),
    *("load_in_8bit", "load_in_4bit", "bnb_4bit_compute_dtype"),
}
_NEEDED_EXTRAS = {"lm_eval": "[hf,ifeval,math]", "transformers": "", "torch": ""}


class CannotRunError(Exception):
    """The command is not one of ours, or this machine lacks what it takes; with what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class Samples(BaseModel):
    """How many documents were asked of those there are."""

    effective: int


class Report(BaseModel):
    """What lm-eval writes about a run, by task."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    results: dict[str, dict[str, Any]]
    """Under `metric,filter`."""
    task_hashes: dict[str, str]
    samples: dict[str, Samples] = Field(validation_alias="n-samples")


@dataclass(frozen=True)
class Rerun:
    """Downloads that a run needs, and the run."""

    downloads: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]

    @classmethod
    def read(cls, published: str) -> Self:
        """Raises CannotRunError for anything that an evaluator would not have written: a command
        from the net may fetch a model and score it without its code, and nothing else."""
        try:
            *downloads, run = [tuple(shlex.split(line)) for line in published.splitlines()]
        except ValueError as fault:
            raise _unknown(str(fault)) from fault
        for download in downloads:
            _downloads().parse_args(download)
        _runs().parse_args(run)
        return cls(tuple(downloads), run)

    def limited(self, limit: int | None) -> Self:
        if limit is None:
            return self
        return replace(self, run=_with(self.run, "--limit", str(limit)))

    def including(self, folder: Path | None) -> Self:
        """With the board's own task definitions from there. Raises CannotRunError where they are
        needed and not given: they are code, so none is taken from where it happens to lie."""
        if "--include_path" not in self.run:
            return self
        if folder is None:
            raise CannotRunError(
                "lm-eval does not have this task: the board's operator defines it.",
                "Ask them for their folder of task definitions, and name it with --include-path.",
            )
        return replace(self, run=_with(self.run, "--include_path", str(folder.resolve())))

    @property
    def lines(self) -> tuple[str, ...]:
        """For a shell."""
        return tuple(shlex.join(command) for command in (*self.downloads, self.run))

    def execute(self, folder: Path, environment: Mapping[str, str]) -> Report:
        """What it prints goes to the terminal; what it writes goes to `folder`. Raises
        CannotRunError when a command fails."""
        output = Path(tempfile.mkdtemp(prefix="results-", dir=folder))
        run = _with(self.run, "--output_path", str(output.resolve()))
        for command in (*self.downloads, run):
            program, *arguments = command
            status = subprocess.run(
                # -P: nothing is imported from the folder that the downloads go to.
                [sys.executable, "-P", "-m", _PROGRAMS[program], *arguments],
                cwd=folder,
                env=dict(environment),
                check=False,
            ).returncode
            if status != 0:
                raise CannotRunError(
                    f"`{program} {arguments[0]}` ended with status {status}.",
                    "Its last lines say why. If the board's models are on another Hub, name it with"
                    " --hub.",
                )
        [report] = output.rglob("results_*.json")
        return Report.model_validate_json(report.read_text())


def check_installed(reruns: Sequence[Rerun], published: Mapping[str, str]) -> None:
    """Raises CannotRunError when lm-eval is missing here or cannot load such a model. `published`
    are the versions that the scores were computed with."""
    if not find_spec("lm_eval") or not find_spec("torch"):
        wanted = [
            f'"{name}{extras}=={published[name].partition("+")[0]}"'
            for name, extras in _NEEDED_EXTRAS.items()
        ]
        raise CannotRunError(
            "lm-eval is not installed here.",
            f"Run: {sys.executable} -m pip install {' '.join(wanted)}",
        )
    quantized = any("load_in_" in argument for one in reruns for argument in one.run)
    if quantized and int(version("transformers").partition(".")[0]) >= 5:
        raise CannotRunError(
            "lm-eval's command line can load 8bit and 4bit models only with transformers 4.",
            "Use a Python with `transformers<5`; expect small differences.",
        )


def installed_versions(names: Sequence[str]) -> dict[str, str]:
    """Of those that are installed here."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


# ── the commands that an evaluator writes ────────────────────────────────────────────────────────


class _Form(argparse.ArgumentParser):
    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise _unknown(message)


def _unknown(what: str) -> CannotRunError:
    return CannotRunError(
        f"The published command is not one that an evaluator writes: {what}",
        "Do not run it, unless you trust whoever runs the board.",
    )


def _downloads() -> _Form:
    form = _Form()
    form.add_argument("program", choices=["hf"])
    form.add_argument("action", choices=["download"])
    form.add_argument("repository", type=_matching(r"[\w.-]+/[\w.-]+"))
    form.add_argument("--revision", type=_matching(r"[0-9a-f]{40}"), required=True)
    form.add_argument("--exclude", action="append", type=_matching(r"\*\.\w+"))
    form.add_argument("--local-dir", type=_matching(r"\w[\w.-]*--[\w.-]+"), required=True)
    return form


def _runs() -> _Form:
    form = _Form()
    form.add_argument("program", choices=["lm_eval"])
    form.add_argument("action", choices=["run"])
    form.add_argument("--model", choices=["hf"], required=True)
    form.add_argument("--model_args", type=_model_arguments, required=True)
    # lm-eval takes a folder or a file for a task as well, and runs the code that it finds there.
    # No name with two hyphens: a download could lie under it.
    form.add_argument("--tasks", type=_matching(r"(?!.*\.ya?ml$)\w+([.-]\w+)*"), required=True)
    form.add_argument("--num_fewshot", type=int)
    form.add_argument("--batch_size", type=_matching(r"\d+|auto"))
    form.add_argument("--seed", type=_matching(r"[\d,]+"))
    form.add_argument("--limit", type=int)
    form.add_argument("--apply_chat_template", action="store_true")
    form.add_argument("--fewshot_as_multiturn", action="store_true")
    form.add_argument("--include_path", type=_matching(r"\w[\w.-]*"))
    form.add_argument("--log_samples", action="store_true", required=True)
    form.add_argument("--output_path", required=True)
    return form


def _matching(pattern: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"{text!r}")
        return text

    return read


def _model_arguments(text: str) -> str:
    for argument in text.split(","):
        if (name := argument.partition("=")[0]) not in _MODEL_ARGUMENTS:
            raise argparse.ArgumentTypeError(f"{name!r}")
    return text


def _with(command: Sequence[str], option: str, value: str) -> tuple[str, ...]:
    if option not in command:
        return (*command, option, value)
    place = command.index(option) + 1
    return (*command[:place], value, *command[place + 1 :])
