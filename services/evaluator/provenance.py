"""How a task's scores came about, gathered in the process that computed them."""

import platform
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from datasets import Dataset
from lm_eval.api.task import Task
from transformers import PreTrainedModel

from contracts.board import BoardTask
from contracts.evaluation import DataSet, Energy, Provenance
from services.evaluator.devices import described
from services.evaluator.energy import EnergyMeter
from services.evaluator.protocol import Assignment, HarnessOptions
from services.evaluator.reproduction import SEED, reproduction
from services.evaluator.tasks import folder_of_own
from services.evaluator.usage import Usage

_PACKAGES = (
    *("podium", "lm_eval", "transformers", "tokenizers", "torch", "datasets"),
    *("peft", "bitsandbytes", "gptqmodel"),
)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def provenance(
    board_task: BoardTask,
    assignment: Assignment,
    model: PreTrainedModel,
    usage: Usage,
    energy: Energy,
) -> Provenance:
    own_tasks = folder_of_own(board_task.harness_task, assignment.options)
    return Provenance(
        engine=usage.engine,
        dtype=str(model.dtype).removeprefix("torch."),
        device=described(assignment.options.device),
        seed=SEED,
        limit=assignment.limit,
        tokens=usage.tokens,
        phases=usage.phases,
        energy=energy,
        command=reproduction(board_task, assignment, own_tasks),
    )


def package_versions() -> dict[str, str]:
    """Of Python and of every package here that can move a score."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def energy_meter(model: PreTrainedModel, options: HarnessOptions) -> EnergyMeter:
    """Of the GPUs that hold the model, or else the CPU."""
    devices = sorted({tensor.device for tensor in model.parameters()}, key=str)
    return EnergyMeter(
        [
            str(torch.cuda.get_device_properties(device).uuid)
            for device in devices
            if device.type == "cuda"
        ],
        power_kw=options.power_kw,
        carbon_intensity_g_per_kwh=options.carbon_intensity_g_per_kwh,
    )


def data_sets(tasks: Iterable[Task]) -> dict[str, DataSet]:
    """What each lm-eval task is scored on, by its name."""
    return {task.task_name: _data_set(task) for task in tasks}


def _data_set(task: Task) -> DataSet:
    splits = task.dataset
    name = task.config.test_split or task.config.validation_split
    rows = splits[name] if name else next(iter(splits.values()))
    if not isinstance(rows, Dataset):  # made by the task's own code
        return DataSet(repo_id=task.DATASET_PATH or "")
    return DataSet(
        repo_id=task.DATASET_PATH,
        config=task.DATASET_NAME or "",
        revision=_revision(rows),
        fingerprint=rows._fingerprint,
    )


def _revision(rows: Dataset) -> str:
    """`datasets` prepares a repository's files in a folder that it names after their commit, and
    keeps no other record of it."""
    folders = {Path(file["filename"]).parent.name for file in rows.cache_files}
    commits = [name for name in folders if _COMMIT.fullmatch(name)]
    return commits[0] if len(folders) == len(commits) == 1 else ""
