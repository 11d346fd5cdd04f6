"""One folder for everything temporary, which does not outlive its evaluator for long."""

import shutil
import tempfile
from contextlib import suppress
from multiprocessing.util import Finalize
from pathlib import Path

import structlog

from services.evaluator.locks import hold, is_held

log = structlog.get_logger(__name__)

_PREFIX = "podium-eval-"
"""Short, because the address of a socket lies in there, which macOS limits to 104 bytes."""
_AFTER_MULTIPROCESSING = -200


def make_workspace() -> Path:
    """A folder in the system's temporary one, removed when the process ends. What evaluators left
    that were killed is removed now."""
    parent = Path(tempfile.gettempdir())
    _remove_what_the_dead_left(parent)
    # Locked, for as long as the process lives, before it has the name that others look for.
    unnamed = Path(tempfile.mkdtemp(prefix="new-" + _PREFIX))
    hold(unnamed)
    folder = unnamed.rename(parent / unnamed.name.removeprefix("new-"))
    # multiprocessing has a folder of its own in there, and breaks at exit when that is gone.
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=_AFTER_MULTIPROCESSING)
    return folder


def _remove_what_the_dead_left(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, PermissionError):  # another was first; another user's
            if not folder.is_symlink() and folder.is_dir() and not is_held(folder):
                shutil.rmtree(folder)
                log.info("removed what a killed evaluator had left", folder=str(folder))
