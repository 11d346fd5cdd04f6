"""lm-eval's tasks, found by name and loaded with their data as `simple_evaluate` loads them."""

import functools
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy
import torch
from langdetect import DetectorFactory
from lm_eval.api.task import Task
from lm_eval.defaults import DEFAULT_OTHER_SEED, DEFAULT_RANDOM_SEED
from lm_eval.tasks import TaskManager

from services.evaluator.nltk_data import nltk_data_required
from services.evaluator.protocol import HarnessOptions


def _task_manager(options: HarnessOptions) -> TaskManager:
    return _index(options.task_folders, options.harness_tasks)


@functools.cache
def _index(folders: tuple[Path, ...], with_own: bool) -> TaskManager:
    return TaskManager(include_path=list(folders), include_defaults=with_own)


def warm_up(options: HarnessOptions) -> None:
    """Index lm-eval's task definitions. A fork of this process need not do it again."""
    _task_manager(options)


def known_tasks(options: HarnessOptions) -> list[str]:
    """Every name that can be loaded: tasks, groups and tags."""
    names: list[str] = _task_manager(options).all_tasks
    return names


def load_tasks(name: str, options: HarnessOptions) -> dict[str, Task]:
    """The lm-eval task of that name, or the members of that group, with their data."""
    # GPQA shuffles its answers while it is loaded, and `datasets` caches what comes out.
    seed_generators()
    with nltk_data_required():
        loaded: dict[str, Task] = _task_manager(options).load([name])["tasks"]
    return loaded


def folder_of_own(name: str, options: HarnessOptions) -> Path | None:
    """Which of the operator's folders defines that task or group; None for lm-eval's own."""
    definition: Path | None = _task_manager(options).task_index[name].yaml_path
    if definition is None:
        return None
    return next((one for one in options.task_folders if definition.is_relative_to(one)), None)


@dataclass(frozen=True)
class Generators:
    """Where random numbers stand once a task is loaded. IFEval goes on drawing from there when it
    rates answers, and lm-eval's command for that task alone does so from the very same place."""

    python: Any
    numpy: Any

    @classmethod
    def now(cls) -> Self:
        return cls(random.getstate(), numpy.random.get_state())

    def restore(self) -> None:
        seed_generators()
        random.setstate(self.python)
        numpy.random.set_state(self.numpy)


def seed_generators() -> None:
    """As `simple_evaluate` does. It leaves out the one with which IFEval's language detection draws
    anew for every text; there a doubtful text would be right in one run and wrong in the next."""
    DetectorFactory.seed = DEFAULT_RANDOM_SEED
    random.seed(DEFAULT_RANDOM_SEED)
    numpy.random.seed(DEFAULT_OTHER_SEED)
    torch.manual_seed(DEFAULT_OTHER_SEED)
