"""One folder for everything temporary, which does not outlive its evaluator for long."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from services.evaluator.locks import hold, is_held

log = structlog.get_logger(__name__)

_PREFIX = "podium-eval-"
"""Short, because the address of a socket lies in there, which macOS limits to 104 bytes."""


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder in the system's temporary one, gone with the `with` block. What evaluators have left
    that were killed is removed at the beginning."""
    parent = Path(tempfile.gettempdir())
    _remove_what_the_dead_left(parent)
    # Locked before it has the name that others look for.
    unnamed = Path(tempfile.mkdtemp(prefix="new-" + _PREFIX))
    lock = hold(unnamed)
    folder = unnamed.rename(parent / unnamed.name.removeprefix("new-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _remove_what_the_dead_left(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, PermissionError):  # another was first; another user's
            ours = folder.lstat().st_uid == os.geteuid() and not folder.is_symlink()
            if ours and folder.is_dir() and not is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)
                log.info("removed what a killed evaluator had left", folder=str(folder))
