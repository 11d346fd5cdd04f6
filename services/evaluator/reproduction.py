"""The commands that repeat a task's scores with lm-eval alone, as `podium reproduce` runs them."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from lm_eval.defaults import DEFAULT_OTHER_SEED, DEFAULT_RANDOM_SEED

from contracts.board import BoardTask
from contracts.models import Precision, WeightType
from services.evaluator.model_files.config import CONFIG_FILE
from services.evaluator.model_files.repository import Repository
from services.evaluator.model_files.tokenizer import holds_tokenizer
from services.evaluator.protocol import Assignment

SEED = DEFAULT_OTHER_SEED
"""Of few-shot samples, NumPy and PyTorch; Python's own generator has lm-eval's other one."""


def reproduction(
    board_task: BoardTask, assignment: Assignment, own_tasks: Path | None = None
) -> str:
    """One command per line, for a shell and for `shlex.split`. Where models run is left to lm-eval.
    `own_tasks` is the folder that defines the task, when lm-eval itself does not; only its name
    is told."""
    commands = [*_downloads(assignment), _run(board_task, assignment, own_tasks)]
    return "\n".join(map(shlex.join, commands))


def _downloads(assignment: Assignment) -> Iterator[list[str]]:
    """lm-eval has one `revision` for a model and what changes it, so both are fetched before."""
    model = assignment.model
    if model.weight_type is WeightType.ORIGINAL:
        return
    for repo_id, commit in (_base(assignment), (model.repo_id, model.commit)):
        yield [
            *("hf", "download", repo_id, "--revision", commit),
            *("--exclude", "*.bin", "--exclude", "*.pth", "--exclude", "*.gguf"),
            *("--local-dir", _folder(repo_id, commit)),
        ]


def _run(board_task: BoardTask, assignment: Assignment, own_tasks: Path | None) -> list[str]:
    model_arguments = _weights(assignment) | _number_format(assignment)
    command = ["lm_eval", "run", "--model", "hf", "--model_args"]
    command.append(",".join(f"{name}={value}" for name, value in model_arguments.items()))
    # The group, not its members: it may set what they don't, and loads them in its own order.
    command += ["--tasks", board_task.harness_task]
    if board_task.shots is not None:
        command += ["--num_fewshot", str(board_task.shots)]
    command += ["--batch_size", str(assignment.options.batch_size)]
    command += ["--seed", f"{DEFAULT_RANDOM_SEED},{SEED},{SEED},{SEED}"]
    if assignment.limit is not None:
        command += ["--limit", str(assignment.limit)]
    if assignment.chat_template:
        command += ["--apply_chat_template", "--fewshot_as_multiturn"]
    if own_tasks is not None:
        command += ["--include_path", own_tasks.name]
    return [*command, "--log_samples", "--output_path", "results"]


def _weights(assignment: Assignment) -> dict[str, str]:
    model = assignment.model
    arguments = {"use_safetensors": "True"}
    match model.weight_type:
        case WeightType.ORIGINAL:
            return {
                "pretrained": model.repo_id,
                "revision": _quoted_number(model.commit),
            } | arguments
        case WeightType.ADAPTER:
            changed_by = "peft"
        case WeightType.DELTA:
            changed_by = "delta"
    change = _folder(model.repo_id, model.commit)
    if holds_tokenizer(Repository(assignment.snapshot.folder)):
        arguments["tokenizer"] = change
    return {"pretrained": _folder(*_base(assignment)), changed_by: change} | arguments


def _number_format(assignment: Assignment) -> dict[str, str]:
    """As model_files/precision.py has it; lm-eval hands what begins with `load_in` on to
    transformers, which takes it up to version 4."""
    snapshot = assignment.snapshot
    config = Repository(snapshot.base_folder or snapshot.folder).read_json(
        CONFIG_FILE, "config-unreadable"
    )
    if "quantization_config" in config:
        return {"dtype": "auto"}
    match snapshot.precision:
        case Precision.INT8:
            return {"dtype": "auto", "load_in_8bit": "True"}
        case Precision.INT4:
            return {
                "dtype": "auto",
                "load_in_4bit": "True",
                "bnb_4bit_compute_dtype": "bfloat16",
            }
        case precision:
            return {"dtype": str(precision)}


def _base(assignment: Assignment) -> tuple[str, str]:
    """The base model and its commit, after which the Hub's cache names a snapshot's folder."""
    base_model, folder = assignment.model.base_model, assignment.snapshot.base_folder
    assert base_model is not None
    assert folder is not None
    return base_model, folder.name


def _folder(repo_id: str, commit: str) -> str:
    return f"{repo_id.replace('/', '--')}-{commit[:12]}"


def _quoted_number(text: str) -> str:
    """lm-eval would read a commit like `1234…e56` as a number."""
    try:
        float(text)
    except ValueError:
        return text
    return f'"{text}"'
