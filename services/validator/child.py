"""Work over strangers' files in a process of its own: the files decide how much time and memory
libraries take over them, and whether they come back at all."""

import multiprocessing
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class ChildLimits:
    """Ample for every tokenizer on the Hub: the largest have some 300,000 tokens."""

    seconds: float = 30
    more_bytes: int = 2 * 2**30
    """Of address space, beyond what a process with transformers in it has."""


class UnusableFilesError(Exception):
    """The message says what the files made the libraries do, in the words of the libraries."""


class ChildDoesNotBeginError(Exception):
    """The host's fault, not the files'."""


_BEGIN_S = 120.0
_CONTEXT = multiprocessing.get_context("forkserver")
# Processes are forked from one that has imported transformers: seconds become milliseconds.
_CONTEXT.set_forkserver_preload(["services.validator.preload"])
_turns = threading.Lock()


def start_importing() -> None:
    """What children need, in the background, before the first is wanted."""
    forkserver.ensure_running()


def in_child(limits: ChildLimits, function: Callable[..., T], *arguments: object) -> T:
    """What the function returns. Raises UnusableFilesError for whatever it raises, for a process
    that dies, and for one past its limits."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_work, args=(theirs, limits, function, arguments))
    with ours:
        with _turns:  # starting is not safe in several threads at once
            process.start()
        theirs.close()
        try:
            # The files are not to blame for how long a busy host takes to begin.
            if not ours.poll(_BEGIN_S):
                raise ChildDoesNotBeginError(f"No process began within {_BEGIN_S:g} s.")
            ours.recv()
            if not ours.poll(limits.seconds):
                raise UnusableFilesError(f"It takes longer than {limits.seconds:g} s.")
            fault, result = ours.recv()
        except EOFError as died:
            raise UnusableFilesError("The process that tried it died over it.") from died
        finally:
            process.kill()
            process.join()
    if fault is not None:
        raise UnusableFilesError(fault)
    returned: T = result
    return returned


def _work(
    connection: Connection, limits: ChildLimits, function: Callable[..., Any], arguments: Any
) -> None:
    _limit_memory(limits.more_bytes)
    connection.send("begun")
    answer: tuple[str | None, Any]
    try:
        answer = None, function(*arguments)
    except MemoryError:
        answer = f"It takes more than {limits.more_bytes / 2**20:,.0f} MiB of memory.", None
    # Whatever a file makes the libraries raise, a panic of the tokenizers library among it.
    except BaseException as fault:
        answer = " ".join(str(fault).split()) or type(fault).__name__, None
    connection.send(answer)


def _limit_memory(more: int) -> None:
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
