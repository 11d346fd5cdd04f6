"""A fork server of a test's own. Python has one per process, kept from whoever asked first; the
evaluator and the validator are processes of their own, but not in a test run."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver


@contextmanager
def own_fork_server() -> Iterator[None]:
    """Starts none; the first process that is wanted within does, with the preload and environment
    of that moment."""
    shared = forkserver._forkserver
    preload = shared._preload_modules  # type: ignore[attr-defined]
    # Python's own tests know no other way.
    shared._stop()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        shared._stop()  # type: ignore[attr-defined]
        shared.set_forkserver_preload(preload)
