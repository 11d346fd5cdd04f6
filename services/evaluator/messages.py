"""What a child sends and writes, read without trusting it."""

import errno
import io
import os
import pickle
import stat
from pathlib import Path, PosixPath
from typing import Any

from services.evaluator.protocol import Message

_OURS = ("contracts.", "services.evaluator.protocol", "services.evaluator.failures")


def read_message(data: bytes) -> Message:
    """Raises pickle.UnpicklingError for what holds anything but plain data of the protocol: pickle
    itself would run whatever a child that was taken over asks for."""
    try:
        message: Message = _Reader(io.BytesIO(data)).load()
    except pickle.UnpicklingError:
        raise
    except Exception as fault:  # made-up data makes pickle and the classes raise anything
        raise pickle.UnpicklingError(repr(fault)) from fault
    return message


def open_written(path: Path) -> io.BufferedReader:
    """A file that a child has written. Raises OSError for anything but a plain file: a link could
    lead to what the evaluator may read and publish, and the child may not."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no plain file", str(path))
    return os.fdopen(descriptor, "rb")


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("pathlib", "PosixPath"):
            return PosixPath
        if module.startswith(_OURS):
            found = super().find_class(module, name)
            # Not what the module has imported, such as a function of the standard library.
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a message")
