"""Prompts on disk. Rendering a suite's takes minutes, and they are the same for every model that is
asked without a chat template."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from lm_eval.api.task import Task
from lm_eval.caching import cache

_DEFINITIONS = ("*.py", "*.yaml", "*.json")


@contextmanager
def kept_prompts(tasks: Sequence[Task], folder: Path) -> Iterator[None]:
    """While this lasts, `evaluate(cache_requests=True)` takes the tasks' prompts from `folder`, or
    leaves them there. lm-eval knows them by little but the task's name, so prompts that could
    differ lie in a folder of their own."""
    before = cache.PATH
    cache.PATH = str(folder / _digest(tasks))
    try:
        yield
    finally:
        cache.PATH = before


def _digest(tasks: Sequence[Task]) -> str:
    """Of everything that prompts are made of. Seeds are lm-eval's defaults, which come with it."""
    digest = hashlib.blake2b(version("lm_eval").encode(), digest_size=16)
    for task in tasks:
        digest.update(json.dumps(task.dump_config(), sort_keys=True, default=str).encode())
        for split, rows in sorted(task.dataset.items()):
            digest.update(f"{split}:{rows._fingerprint}".encode())
        # Functions of a task may call others beside them.
        folder = Path(task.get_config("metadata")["config_source"]).parent
        for file in sorted(file for kind in _DEFINITIONS for file in folder.glob(kind)):
            digest.update(file.read_bytes())
    return digest.hexdigest()
